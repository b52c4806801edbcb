// Cutting batches into inputs.
#include "train/model_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway::train {

namespace {

Shape batched(const Shape& example, int64_t batch) {
  Shape shape = example;
  shape.insert(shape.begin(), batch);
  return shape;
}

Status check_part(const Value& input, const Dataset& data, const InputPart& part) {
  if (!input.dims) return {};
  bool fits = input.dims->size() == part.shape.size() + 1;
  for (size_t i = 0; fits && i < part.shape.size(); ++i) {
    const Dim& dim = (*input.dims)[i + 1];
    fits = !dim.known() || dim.size == part.shape[i];
  }
  if (fits) return {};
  return invalid(fmt::format("{}: input \"{}\" has examples of shape {}; the model takes {}", data.name, part.name,
                             to_string(std::span<const int64_t>(part.shape)), to_string(*input.dims)));
}

Status check_batch(const Value& input, int64_t batch) {
  if (!input.dims || input.dims->empty() || !input.dims->front().known()) return {};
  const int64_t fixed = input.dims->front().size;
  if (fixed == batch) return {};
  return invalid(
      fmt::format("input \"{}\" of the model is {}: its nodes are fixed to batches of {}; export it with a free "
                  "batch (dynamic_axes)",
                  input.name, to_string(*input.dims), fixed));
}

Status check_dtype(const Value& input) {
  if (input.dtype == DType::f32 || input.dtype == DType::i64 || input.dtype == DType::i32) return {};
  return unsupported(fmt::format("input \"{}\" of the model takes {}; training feeds float32, int64 and int32",
                                 input.name, dtype_name(input.dtype)));
}

// Columns [begin, begin + width) of x, whose rows are `pitch` apart.
template <typename T>
void copy_part(std::span<const float> x, size_t pitch, size_t begin, size_t width, size_t rows, std::span<T> to) {
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < width; ++i) to[row * width + i] = static_cast<T>(x[row * pitch + begin + i]);
  }
}

Status other_inputs(const Graph& model, const Dataset& data) {
  std::vector<std::string> wanted, found;
  for (ValueId id : model.inputs) wanted.push_back(model.value(id).name);
  for (const InputPart& part : data.parts) found.push_back(part.name);
  return invalid(
      fmt::format("{}: the model's inputs are {}, the data's {}; say in data.inputs which columns or arrays make each "
                  "input of the model",
                  data.name, fmt::join(wanted, ", "),
                  found.empty() ? "one without a name" : fmt::to_string(fmt::join(found, ", "))));
}

}  // namespace

Result<ModelInputs> ModelInputs::create(const Graph& model, const Dataset& data, int64_t batch) {
  ModelInputs inputs;
  inputs.x_ = Tensor(DType::f32, batched(data.example_shape(), batch));
  for (ValueId id : model.inputs) RETURN_IF_ERROR(check_batch(model.value(id), batch));
  if (data.parts.empty() && model.inputs.size() == 1) {
    const Value& input = model.value(model.inputs[0]);
    RETURN_IF_ERROR(check_dtype(input));
    if (input.dtype != DType::f32) inputs.parts_.push_back({0, Tensor(input.dtype, inputs.x_.shape())});
    return inputs;
  }
  if (data.parts.size() != model.inputs.size()) return other_inputs(model, data);
  for (ValueId id : model.inputs) {
    int64_t begin = 0;
    auto part = data.parts.begin();
    for (; part != data.parts.end() && part->name != model.value(id).name; ++part) begin += element_count(part->shape);
    if (part == data.parts.end()) return other_inputs(model, data);
    const Value& input = model.value(id);
    RETURN_IF_ERROR(check_dtype(input));
    RETURN_IF_ERROR(check_part(input, data, *part));
    inputs.parts_.push_back({begin, Tensor(input.dtype, batched(part->shape, batch))});
  }
  return inputs;
}

void ModelInputs::put(int64_t rows, std::span<Tensor> to) {
  CHECK(to.size() == count(), "a place for each input");
  const bool whole = rows == x_.dim(0);
  if (parts_.empty()) {
    to[0] = whole ? x_ : x_.rows(0, rows);
    return;
  }
  const auto pitch = static_cast<size_t>(x_.count() / x_.dim(0));
  std::span<const float> x = x_.data<float>();
  for (size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    const auto width = static_cast<size_t>(part.x.count() / part.x.dim(0));
    const auto begin = static_cast<size_t>(part.begin), n = static_cast<size_t>(rows);
    switch (part.x.dtype()) {
      case DType::i64: copy_part(x, pitch, begin, width, n, part.x.mutable_data<int64_t>()); break;
      case DType::i32: copy_part(x, pitch, begin, width, n, part.x.mutable_data<int32_t>()); break;
      default: copy_part(x, pitch, begin, width, n, part.x.mutable_data<float>());
    }
    to[i] = whole ? part.x : part.x.rows(0, rows);
  }
}

}  // namespace slipway::train
