// SequenceConstruct.
#include "ops/control_flow.h"
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  ValueType item = ops::input_type(c, 0);
  for (size_t i = 1; i < c.input_count(); ++i) item = TRY(ops::merged(item, ops::input_type(c, i)));
  c.set_type(0, sequence_of(std::move(item)));
  return {};
}

Result<std::vector<Tensor>> eager(const Node&, std::span<const Tensor> inputs) {
  return std::vector<Tensor>{TRY(make_sequence({inputs.begin(), inputs.end()}))};
}

}  // namespace

OPERATOR(sequence_construct) = {
    .name = "SequenceConstruct",
    .since = 11,
    .doc = "the inputs as a sequence.",
    .inputs = {1, kMany},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
