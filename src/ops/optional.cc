// Optional.
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  if (c.has_input(0)) {
    c.set_type(0, optional_of(c.type(0)));
    return {};
  }
  const auto* type = std::get_if<std::shared_ptr<const ValueType>>(c.node().attributes.find("type"));
  if (type == nullptr) return invalid("has neither an input nor attribute \"type\"; expected one of them");
  c.set_type(0, optional_of(**type));
  return {};
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor> inputs) {
  return std::vector<Tensor>{make_optional(n.has_input(0) ? inputs[0] : Tensor())};
}

}  // namespace

OPERATOR(optional) = {
    .name = "Optional",
    .since = 15,
    .doc = "x as an optional, or an empty one of the type `type`.",
    .inputs = {0, 1},
    .attributes = {{{"type", kOptionalType}}},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
