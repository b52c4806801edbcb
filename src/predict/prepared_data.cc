// Reading it all.
#include "predict/prepared_data.h"

#include <algorithm>

#include <fmt/format.h>

#include "predict/raw_reader.h"
#include "predict/scoring.h"

namespace slipway {

namespace {

constexpr int64_t kRows = 1024;

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

}  // namespace

Result<PreparedData> prepared_data(const RawModel& predictor, const std::filesystem::path& path) {
  Result<std::vector<std::string>> targets = truth_columns(predictor, "");
  bool labels = targets.ok();
  std::vector<Tensor> inputs, truth;
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
    std::vector<Tensor> tensors = TRY(predictor.tensors(rows->inputs));
    if (tensors.size() != 1 || tensors[0].dtype() != DType::f32) {
      return unsupported("calibration feeds one input of float32");
    }
    inputs.push_back(tensors[0]);
    labels = labels && !rows->columns.empty();
    if (labels) truth.push_back(TRY(labels_of(predictor, *rows, path.string())));
  }
  if (inputs.empty()) return invalid(path.string() + ": there is no row in it");
  PreparedData prepared;
  prepared.has_labels = labels;
  prepared.data.name = path.string();
  prepared.data.inputs = below_each_other<float>(inputs);
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
