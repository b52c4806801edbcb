// SplitToSequence.
#include "ops/sequences.h"

#include <fmt/format.h>

#include "ops/all.h"
#include "ops/evaluate.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  ValueType x = c.type(0);
  if (!is_tensor(x.dtype)) return invalid(fmt::format("input 0 is {}; expected a tensor", to_string(x)));
  if (x.dims) {
    auto axis = TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.dims->size())));
    if (c.has_input(1) || c.node().integer("keepdims") != 0) {
      (*x.dims)[static_cast<size_t>(axis)] = c.has_input(1) ? Dim() : Dim(1);
    } else {
      x.dims->erase(x.dims->begin() + axis);
    }
  }
  c.set_type(0, sequence_of(std::move(x)));
  return {};
}

// The sizes of the parts of a dimension of `size`.
Result<std::vector<int64_t>> part_sizes(const Tensor& split, int64_t size) {
  if (!split.defined()) return std::vector<int64_t>(static_cast<size_t>(size), 1);
  if (!is_integer(split.dtype())) return invalid(fmt::format("split is {}; expected int64", to_string(split.type())));
  std::vector<int64_t> sizes = split.to_ints();
  if (split.rank() > 0) return sizes;
  int64_t each = sizes[0];
  if (each < 1) return invalid(fmt::format("split is {}; expected a size", each));
  sizes.clear();
  for (int64_t at = 0; at < size; at += each) sizes.push_back(std::min(each, size - at));
  return sizes;
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor> inputs) {
  const Tensor& x = inputs[0];
  int64_t axis = TRY(normalize_axis(n.integer("axis"), x.rank()));
  bool given = n.has_input(1);
  std::vector<int64_t> sizes = TRY(part_sizes(given ? inputs[1] : Tensor(), x.dim(axis)));
  if (sizes.empty()) return std::vector<Tensor>{TRY(make_sequence({}, x.dtype()))};
  Node split;
  split.op_type = "Split";
  split.op = all_operators().find("Split");
  split.attributes.set("axis", axis);
  split.inputs = {{0}, {1}};
  for (size_t i = 0; i < sizes.size(); ++i) split.outputs.push_back({static_cast<int32_t>(2 + i)});
  Tensor counts = Tensor::of<int64_t>({static_cast<int64_t>(sizes.size())}, sizes);
  std::vector<Tensor> parts = TRY(ops::evaluate(split, std::vector<Tensor>{x, counts}));
  for (Tensor& part : parts) {
    if (given || n.integer("keepdims") != 0) break;
    Shape shape = part.shape();
    shape.erase(shape.begin() + axis);
    part = part.reshaped(std::move(shape));
  }
  return std::vector<Tensor>{TRY(make_sequence(std::move(parts), x.dtype()))};
}

}  // namespace

OPERATOR(split_to_sequence) = {
    .name = "SplitToSequence",
    .since = 11,
    .doc =
        "parts of x along `axis` as a sequence: of the sizes in `split`, or of one size, or single slices (without the "
        "axis unless `keepdims`).",
    .inputs = {1, 2},
    .attributes = {{{"axis", 0}, {"keepdims", 1}}},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
