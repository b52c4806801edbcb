// Card: Abs.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::NumberTypes>(
      c, [](auto x) { return x < 0 ? kernels::wrap_sub(decltype(x){0}, x) : x; }, kernels::Unary::abs);
}

// dx = dy sign(x)
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.mul(dy[0], b.op("Sign", {x[0]}))};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(0.1, 3);
  for (const Sample& below : ops::unary_samples(-3, -0.1)) cases.push_back(below);
  return cases;
}

}  // namespace

OPERATOR(abs) = {
    .name = "Abs",
    .doc = "|x|; integers wrap around.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"ABS"},
    .samples = samples,
};

}  // namespace slipway
