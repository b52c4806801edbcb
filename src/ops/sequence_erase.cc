// SequenceErase.
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_sequence(c, 0));
  c.set_type(0, c.type(0));
  return {};
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor> inputs) {
  const Sequence* sequence = TRY(ops::sequence_input(inputs, 0));
  int64_t position = n.has_input(1) ? TRY(ops::position_in(inputs[1])) : -1;
  std::vector<Tensor> items = sequence->items;
  items.erase(items.begin() + static_cast<ptrdiff_t>(TRY(ops::place(position, items.size()))));
  return std::vector<Tensor>{TRY(make_sequence(std::move(items), sequence->item))};
}

}  // namespace

OPERATOR(sequence_erase) = {
    .name = "SequenceErase",
    .since = 11,
    .doc = "a sequence without the item at a position, or without its last.",
    .inputs = {1, 2},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
