// OptionalGetElement.
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  ValueType type = c.type(0);
  c.set_type(0, type.dtype == DType::optional ? ops::element_of(type) : type);
  return {};
}

Result<std::vector<Tensor>> eager(const Node&, std::span<const Tensor> inputs) {
  if (inputs[0].dtype() != DType::optional) return std::vector<Tensor>{inputs[0]};
  const Tensor& value = optional_in(inputs[0]).value;
  if (!value.defined()) return invalid("the optional is empty; ask OptionalHasElement first");
  return std::vector<Tensor>{value};
}

}  // namespace

OPERATOR(optional_get_element) = {
    .name = "OptionalGetElement",
    .since = 15,
    .doc = "what an optional holds; a tensor or sequence as it is.",
    .inputs = {1, 1},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
