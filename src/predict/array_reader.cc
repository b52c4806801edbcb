// Arrays in memory, a few rows at a time.
#include "predict/array_reader.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "tensor/npy.h"
#include "tensor/npz.h"

namespace slipway {

namespace {

class ArraysReader final : public RawReader {
 public:
  // `labels`: undefined where nobody asked for them or there are none.
  ArraysReader(std::vector<Tensor> arrays, Tensor labels) : arrays_(std::move(arrays)), labels_(std::move(labels)) {}

  Result<RawRows> next(int64_t most) override {
    RawRows rows;
    const int64_t end = std::min(at_ + most, arrays_[0].dim(0));
    for (int64_t row = at_; row < end; ++row) rows.ids.push_back(fmt::format("{}", row));
    for (const Tensor& array : arrays_) rows.inputs.push_back(array.rows(at_, end));
    if (labels_.defined() && at_ < end) rows.labels = labels_.rows(at_, end);
    at_ = end;
    return rows;
  }

 private:
  std::vector<Tensor> arrays_;
  Tensor labels_;
  int64_t at_ = 0;
};

using Arrays = std::map<std::string, Tensor>;

// The first of these names that is there; nullptr: none.
const Tensor* one_of(const Arrays& arrays, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (auto found = arrays.find(name); found != arrays.end()) return &found->second;
  }
  return nullptr;
}

// The truth beside the inputs, as data of kind "npz" calls it: classes as int64
// [n], numbers as float32 [n, …].
Result<Tensor> labels_among(const Arrays& arrays, const RawModel& model, int64_t rows,
                            const std::filesystem::path& path) {
  const Tensor* found = one_of(arrays, {"y_test", "y", "labels"});
  if (found == nullptr) {
    return invalid(fmt::format("{}: expected the truth in an array \"y\" or \"y_test\", found none", path.string()));
  }
  if (found->rank() == 0 || found->dim(0) != rows) {
    return invalid(fmt::format("{}: expected a truth for each of {} rows, found shape {}", path.string(), rows,
                               to_string(std::span<const int64_t>(found->shape()))));
  }
  const auto classes = static_cast<int64_t>(model.preparation().classes.size());
  if (classes == 0 || model.kind() == AnswerKind::labels) {
    Tensor labels = found->cast(DType::f32);
    return labels.rank() == 1 ? labels.reshaped({rows, 1}) : labels;
  }
  Tensor labels = found->cast(DType::i64);
  for (int64_t label : labels.data<int64_t>()) {
    if (label >= 0 && label < classes) continue;
    return invalid(fmt::format("{}: expected classes from 0 to {}, found {}", path.string(), classes - 1, label));
  }
  return labels.count() == rows ? labels.reshaped({rows}) : labels;
}

}  // namespace

Result<std::unique_ptr<RawReader>> open_arrays(const std::filesystem::path& path, const RawModel& model, bool truth) {
  const std::vector<RawInput>& inputs = model.inputs();
  Arrays arrays;
  if (path.extension() == ".npz") {
    arrays = TRY(load_npz(path));
  } else if (inputs.size() == 1) {
    arrays[inputs[0].name] = TRY(load_npy(path));
  } else {
    return invalid(
        fmt::format("{}: the model takes {} inputs; give an .npz with their names", path.string(), inputs.size()));
  }
  std::vector<Tensor> ordered;
  for (const RawInput& input : inputs) {
    const Tensor* found = one_of(arrays, {input.name, input.name + "_test"});
    if (found == nullptr && inputs.size() == 1) found = one_of(arrays, {"x_test", "x"});
    if (found == nullptr && inputs.size() == 1 && arrays.size() == 1) found = &arrays.begin()->second;
    if (found == nullptr) return invalid(fmt::format("{}: there is no array \"{}\"", path.string(), input.name));
    const Tensor& x = *found;
    if (x.rank() == 0 || (!ordered.empty() && x.dim(0) != ordered[0].dim(0))) {
      return invalid(fmt::format("{}: array \"{}\": expected as many rows as in the others, found shape {}",
                                 path.string(), input.name, to_string(std::span<const int64_t>(x.shape()))));
    }
    if (x.dtype() != input.type.dtype) {
      return invalid(fmt::format(
          "{}: array \"{}\": expected {}, found {}; the model was trained on other values than a cast would make",
          path.string(), input.name, dtype_name(input.type.dtype), dtype_name(x.dtype())));
    }
    ordered.push_back(x);
  }
  Tensor labels;
  if (truth) labels = TRY(labels_among(arrays, model, ordered[0].dim(0), path));
  return std::unique_ptr<RawReader>(std::make_unique<ArraysReader>(std::move(ordered), std::move(labels)));
}

}  // namespace slipway
