// Card: Neg.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::SignedTypes>(
      c, [](auto x) { return kernels::wrap_sub(decltype(x){0}, x); }, kernels::Unary::neg);
}

// dx = -dy
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values&, const Values& dy) {
  return Values{b.neg(dy[0])};
}

}  // namespace

OPERATOR(neg) = {
    .name = "Neg",
    .doc = "-x; integers wrap around.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"NEG"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
