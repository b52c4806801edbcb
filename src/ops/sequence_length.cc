// SequenceLength.
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_sequence(c, 0));
  c.set(0, DType::i64, {});
  return {};
}

Result<std::vector<Tensor>> eager(const Node&, std::span<const Tensor> inputs) {
  const Sequence* sequence = TRY(ops::sequence_input(inputs, 0));
  return std::vector<Tensor>{Tensor::scalar(static_cast<int64_t>(sequence->items.size()))};
}

}  // namespace

OPERATOR(sequence_length) = {
    .name = "SequenceLength",
    .since = 11,
    .doc = "how many items a sequence has.",
    .inputs = {1, 1},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
