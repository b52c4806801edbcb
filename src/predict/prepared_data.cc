// Prepared data: reads all rows and prepares them.
#include "predict/prepared_data.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/kept_rows.h"
#include "predict/raw_reader.h"
#include "predict/scoring.h"
#include "tensor/held_bytes.h"

namespace slipway {

namespace {

constexpr int64_t kRows = 1024;
constexpr int64_t kMostRawBytes = int64_t{64} << 20;  // beyond, only what the model makes of rows is kept

template <typename T>
Tensor below_each_other(const std::vector<Tensor>& parts) {
  Shape shape = parts[0].shape();
  shape[0] = 0;
  for (const Tensor& part : parts) shape[0] += part.dim(0);
  Tensor all(parts[0].dtype(), shape);
  auto to = all.mutable_data<T>().begin();
  for (const Tensor& part : parts) to = std::ranges::copy(part.data<T>(), to).out;
  return all;
}

// Rows as they were read, a block after the other.
class Kept {
 public:
  void add(const std::vector<Tensor>& block) {
    bytes_ += held_bytes(block);
    if (bytes_ > kMostRawBytes) return blocks_.clear();
    blocks_.push_back(block);
  }
  // nullptr where there was too much.
  std::shared_ptr<const KeptRows> rows(const RawModel& predictor, int64_t count) const {
    if (bytes_ > kMostRawBytes || blocks_.empty()) return nullptr;
    const std::vector<uint32_t> chosen = evenly_chosen(static_cast<size_t>(count), kMostKeptRows);
    KeptRows kept{.examples = chosen, .raw = {}};
    for (size_t i = 0; i < blocks_[0].size(); ++i) {
      std::vector<Tensor> parts;
      for (const std::vector<Tensor>& block : blocks_) parts.push_back(block[i]);
      const bool text = parts[0].dtype() == DType::string;
      if (!text && parts[0].dtype() != DType::f32) return nullptr;
      const Tensor all = text ? below_each_other<std::string>(parts) : below_each_other<float>(parts);
      kept.raw.names.push_back(predictor.inputs()[i].name);
      kept.raw.values.push_back(rows_at(all, chosen));
    }
    return std::make_shared<const KeptRows>(std::move(kept));
  }

 private:
  std::vector<std::vector<Tensor>> blocks_;
  int64_t bytes_ = 0;
};

}  // namespace

Result<PreparedData> prepared_data(const RawModel& predictor, const std::filesystem::path& path) {
  Result<std::vector<std::string>> targets = truth_columns(predictor, "");
  bool labels = targets.ok();
  std::vector<Tensor> inputs, truth;
  Kept kept;
  std::unique_ptr<RawReader> reader =
      TRY(open_raw(path, predictor, labels ? *targets : std::vector<std::string>(), labels));
  for (;;) {
    Result<RawRows> rows = reader->next(kRows);
    if (!rows.ok() && inputs.empty() && labels) {  // without the target, perhaps
      labels = false;
      reader = TRY(open_raw(path, predictor));
      continue;
    }
    if (!rows.ok()) return rows.status();
    if (rows->ids.empty()) break;
    Result<std::vector<Tensor>> made = predictor.tensors(rows->inputs);
    if (!made.ok()) return at_row(made.status(), *rows);
    const std::vector<Tensor>& tensors = *made;
    if (tensors.size() != 1 || tensors[0].dtype() != DType::f32) {
      return unsupported("calibration feeds one input of float32");
    }
    inputs.push_back(tensors[0]);
    kept.add(rows->inputs);
    labels = labels && !rows->columns.empty();
    if (labels) truth.push_back(TRY(labels_of(predictor, *rows, path.string())));
  }
  if (inputs.empty()) return invalid(path.string() + ": there is no row in it");
  PreparedData prepared;
  prepared.has_labels = labels;
  prepared.data.name = path.string();
  prepared.data.inputs = below_each_other<float>(inputs);
  prepared.data.kept = kept.rows(predictor, prepared.data.inputs.dim(0));
  const std::vector<std::string>& features = predictor.preparation().features;
  if (static_cast<int64_t>(features.size()) == prepared.data.width()) prepared.data.features = features;
  prepared.data.classes = predictor.preparation().classes;
  if (labels) {
    const bool numbers = truth[0].dtype() == DType::f32;
    prepared.data.labels = numbers ? below_each_other<float>(truth) : below_each_other<int64_t>(truth);
  } else {
    prepared.data.labels = Tensor(DType::f32, {prepared.data.inputs.dim(0), 1});
    prepared.data.classes.clear();
  }
  RETURN_IF_ERROR(check(prepared.data));
  return prepared;
}

}  // namespace slipway
