// SequenceEmpty.
#include "ops/expect.h"
#include "ops/sequences.h"

namespace slipway {

namespace {

Result<DType> item_type(const Node& n) {
  if (!n.has("dtype")) return DType::f32;
  return ops::dtype_attribute(n, "dtype");
}

Status infer(InferContext& c) {
  c.set_type(0, sequence_of(tensor_type(TRY(item_type(c.node())))));
  return {};
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor>) {
  return std::vector<Tensor>{TRY(make_sequence({}, TRY(item_type(n))))};
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
