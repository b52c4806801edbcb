// Card: And.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::BoolType>(c, [](auto a, auto b) { return a && b; });
}

std::vector<Sample> samples() {
  Sample::Input left = ops::given(Tensor::of<bool>({2, 2}, {false, false, true, true}));
  return {{.inputs = {left, ops::given(Tensor::of<bool>({2, 2}, {false, true, false, true}))}},
          {.inputs = {left, ops::given(Tensor::of<bool>({2}, {false, true}))}}};
}

}  // namespace

OPERATOR(logical_and) = {
    .name = "And",
    .doc = "a and b, with broadcasting.",
    .inputs = {2, 2},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"LOGICAL_AND"},
    .samples = samples,
};

}  // namespace slipway
