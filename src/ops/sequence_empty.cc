// SequenceEmpty.
#include "ops/sequences.h"

#include <fmt/format.h>

namespace slipway {

namespace {

DType item_type(const Node& n) { return n.has("dtype") ? static_cast<DType>(n.integer("dtype")) : DType::f32; }

Status infer(InferContext& c) {
  DType item = item_type(c.node());
  if (dtype_name(item) == "undefined")
    return unsupported(fmt::format("dtype {} has no form here", c.node().integer("dtype")));
  c.set_type(0, sequence_of(tensor_type(item)));
  return {};
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor>) {
  return std::vector<Tensor>{TRY(make_sequence({}, item_type(n)))};
}

}  // namespace

OPERATOR(sequence_empty) = {
    .name = "SequenceEmpty",
    .since = 11,
    .doc = "a sequence of no tensors of type `dtype` (float32 when left out).",
    .inputs = {0, 0},
    .attributes = {{{"dtype", kOptionalInt}}},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
