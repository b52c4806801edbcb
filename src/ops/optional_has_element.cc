// OptionalHasElement.
#include "ops/sequences.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  c.set(0, DType::boolean, {});
  return {};
}

Result<std::vector<Tensor>> eager(const Node& n, std::span<const Tensor> inputs) {
  bool there = n.has_input(0) && (inputs[0].dtype() != DType::optional || optional_in(inputs[0]).value.defined());
  return std::vector<Tensor>{Tensor::scalar(there)};
}

}  // namespace

OPERATOR(optional_has_element) = {
    .name = "OptionalHasElement",
    .since = 15,
    .doc = "whether an optional holds something; false without an input, true for a tensor or sequence.",
    .inputs = {0, 1},
    .infer = infer,
    .eager = eager,
    .any_types = true,
    .tflite = ops::kNoSequences,
};

}  // namespace slipway
