// SequenceAt.
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_sequence(c, 0));
  c.set_type(0, ops::element_of(c.type(0)));
  return {};
}

Result<std::vector<Tensor>> eager(const Node&, std::span<const Tensor> inputs) {
  const Sequence* sequence = TRY(ops::sequence_input(inputs, 0));
  size_t at = TRY(ops::place(TRY(ops::position_in(inputs[1])), sequence->items.size()));
  return std::vector<Tensor>{sequence->items[at]};
}

}  // namespace

OPERATOR(sequence_at) = {
    .name = "SequenceAt",
    .since = 11,
    .doc = "the item of a sequence at a position; negative positions count from the end.",
    .inputs = {2, 2},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
