// SequenceInsert.
#include "ops/control_flow.h"
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_sequence(c, 0));
  ValueType item = ops::element_of(c.type(0));
  c.set_type(0, sequence_of(TRY(ops::merged(item, ops::input_type(c, 1)))));
  return {};
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor> inputs) {
  const Sequence* sequence = TRY(ops::sequence_input(inputs, 0));
  std::vector<Tensor> items = sequence->items;
  size_t at = items.size();
  if (n.has_input(2)) {
    int64_t position = TRY(ops::position_in(inputs[2]));
    if (position != static_cast<int64_t>(items.size())) at = TRY(ops::place(position, items.size()));
  }
  items.insert(items.begin() + static_cast<ptrdiff_t>(at), inputs[1]);
  return std::vector<Tensor>{TRY(make_sequence(std::move(items), sequence->item))};
}

}  // namespace

OPERATOR(sequence_insert) = {
    .name = "SequenceInsert",
    .since = 11,
    .doc = "a sequence with one more item before a position, or at its end.",
    .inputs = {2, 3},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
