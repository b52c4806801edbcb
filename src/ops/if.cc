// If.
#include "ops/control_flow.h"

#include <fmt/format.h>

namespace slipway {

namespace {

constexpr const char* kBranches[] = {"then_branch", "else_branch"};

Status check(const Node& n) {
  for (const char* name : kBranches) RETURN_IF_ERROR(ops::check_body(n, name, 0, n.outputs.size()));
  if (ops::formal_inputs(n) == 1) return {};
  return invalid(fmt::format("has {} inputs; expected 1, the condition", ops::formal_inputs(n)));
}

// The type of an output is what both branches agree on. A branch that does not fit the types around it is not an error
// yet: exporters write both sides of a question about shapes, of which only one makes sense.
Status infer(InferContext& c) {
  ValueType condition = ops::input_type(c, 0);
  if (condition.dtype != DType::undefined && condition.dtype != DType::boolean) {
    return invalid(fmt::format("the condition is {}; expected bool", to_string(condition)));
  }
  const Tensor* known = c.known(0);
  std::vector<std::optional<ValueType>> types(c.node().outputs.size());
  for (size_t b = 0; b < 2; ++b) {
    bool taken = known != nullptr && known->count() == 1 && known->data<bool>()[0] == (b == 0);
    bool skipped = known != nullptr && known->count() == 1 && !taken;
    Result<std::shared_ptr<const Graph>> body = ops::inferred_body(c, kBranches[b], {});
    if (!body.ok() && taken) return body.status();
    if (body.ok()) c.set_body(kBranches[b], *body);
    for (size_t i = 0; i < types.size() && !skipped; ++i) {
      ValueType type = body.ok() ? ops::output_type(**body, i) : ValueType();
      if (!types[i]) {
        types[i] = type;
        continue;
      }
      Result<ValueType> both = ops::merged(*types[i], type);
      if (!both.ok()) return both.status().at(fmt::format("output {} of the two branches", i));
      types[i] = *both;
    }
  }
  for (size_t i = 0; i < types.size(); ++i) c.set_type(i, *types[i]);
  return {};
}

}  // namespace

OPERATOR(if) = {
    .name = "If",
    .since = 1,
    .doc = "y = the outputs of `then_branch` where the condition holds, else those of `else_branch`; only one runs.",
    .inputs = {1, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"then_branch", kRequiredGraph}, {"else_branch", kRequiredGraph}}},
    .infer = infer,
    .verify = check,
    .any_types = true,
    .tflite = {nullptr, "subgraphs are not written; a condition that is known is folded away first"},
};

}  // namespace slipway
