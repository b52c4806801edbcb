// Loop.
#include "ops/control_flow.h"

#include <fmt/format.h>

namespace slipway {

namespace {

// Inputs: trip count, condition, carried values. The body takes (iteration, condition, carried) and gives (condition,
// carried, scanned).
size_t carried_count(const Node& n) {
  size_t formal = ops::formal_inputs(n);
  return formal < 2 ? 0 : formal - 2;
}

Status check(const Node& n) {
  size_t carried = carried_count(n);
  return ops::check_body(n, "body", 2 + carried, 1 + std::max(carried, n.outputs.size()));
}

Status check_scalar(InferContext& c, size_t i, DType dtype, const char* what) {
  ValueType type = ops::input_type(c, i);
  if (type.dtype == DType::undefined || type.dtype == dtype) return {};
  return invalid(fmt::format("{} is {}; expected {}", what, to_string(type), dtype_name(dtype)));
}

// Carried values are of what they begin as and what the body gives back agree on: sizes that change are unknown.
Result<std::shared_ptr<const Graph>> settle(InferContext& c, std::vector<ValueType>& types) {
  constexpr int kPatience = 2;  // rounds until nothing carried keeps its rank
  for (int round = 0;; ++round) {
    std::shared_ptr<const Graph> body = TRY(ops::inferred_body(c, "body", types));
    bool settled = true;
    for (size_t i = 2; i < types.size(); ++i) {
      if (types[i].dtype == DType::optional) continue;  // may begin empty and come back as what it would hold
      Result<ValueType> both = ops::merged(types[i], ops::output_type(*body, i - 1));
      if (!both.ok()) return both.status().at(fmt::format("carried value {} at its beginning and after a trip", i - 2));
      if (ops::same_type(*both, types[i])) continue;
      types[i] = *both;
      settled = false;
    }
    if (settled) return body;
    for (size_t i = 2; i < types.size() && round >= kPatience; ++i) {
      if (is_tensor(types[i].dtype)) types[i].dims.reset();
    }
  }
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(check_scalar(c, 0, DType::i64, "the trip count"));
  RETURN_IF_ERROR(check_scalar(c, 1, DType::boolean, "the condition"));
  size_t carried = carried_count(c.node());
  std::vector<ValueType> types = {tensor_type(DType::i64, Dims()), tensor_type(DType::boolean, Dims())};
  for (size_t i = 0; i < carried; ++i) types.push_back(ops::input_type(c, 2 + i));
  std::shared_ptr<const Graph> body = TRY(settle(c, types));
  for (size_t i = 0; i < c.node().outputs.size(); ++i) {
    if (i < carried) {
      c.set_type(i, types[2 + i].dtype == DType::optional ? ops::output_type(*body, 1 + i) : types[2 + i]);
      continue;
    }
    Result<ValueType> scanned = ops::stacked(ops::output_type(*body, 1 + i), 0, Dim());
    if (!scanned.ok()) return scanned.status().at(fmt::format("scan output {}", i - carried));
    c.set_type(i, *scanned);
  }
  c.set_body("body", std::move(body));
  return {};
}

}  // namespace

OPERATOR(loop) = {
    .name = "Loop",
    .since = 1,
    .doc =
        "`body` again and again, at most `trip count` times and while its condition holds; carried values go from "
        "trip to trip, scan outputs are stacked.",
    .inputs = {0, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"body", kRequiredGraph}}},
    .infer = infer,
    .verify = check,
    .any_types = true,
    .tflite = {nullptr, "subgraphs are not written"},
};

}  // namespace slipway
