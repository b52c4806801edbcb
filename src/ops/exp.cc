// Card: Exp.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::exp(x); }, kernels::Unary::exp);
}

// dx = dy y
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.mul(dy[0], y[0])};
}

}  // namespace

OPERATOR(exp) = {
    .name = "Exp",
    .doc = "e^x",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"EXP"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
