// SequenceMap.
#include "ops/control_flow.h"
#include "ops/sequences.h"

namespace slipway {

namespace {

Status check(const Node& n) {
  if (ops::formal_inputs(n) < 1) return invalid("has no input; expected a sequence");
  return ops::check_body(n, "body", ops::formal_inputs(n), n.outputs.size());
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_sequence(c, 0));
  std::vector<ValueType> types;
  for (size_t i = 0; i < ops::formal_inputs(c.node()); ++i) {
    ValueType type = ops::input_type(c, i);
    types.push_back(type.dtype == DType::sequence ? ops::element_of(type) : type);
  }
  std::shared_ptr<const Graph> body = TRY(ops::inferred_body(c, "body", types));
  for (size_t i = 0; i < c.node().outputs.size(); ++i) c.set_type(i, sequence_of(ops::output_type(*body, i)));
  c.set_body("body", std::move(body));
  return {};
}

}  // namespace

OPERATOR(sequence_map) = {
    .name = "SequenceMap",
    .since = 17,
    .doc =
        "`body` on each item of the first sequence (and the items at the same place of the others; tensors as they "
        "are); its outputs as sequences.",
    .inputs = {1, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"body", kRequiredGraph}}},
    .infer = infer,
    .verify = check,
    .any_types = true,
    .tflite = {nullptr, "there are no sequences"},
};

}  // namespace slipway
