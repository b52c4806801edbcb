// Card: Log.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::FloatTypes>(
      c, [](auto x) { return std::log(x); }, kernels::Unary::log);
}

// dx = dy / x
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.div(dy[0], x[0])};
}

std::vector<Sample> samples() { return ops::unary_samples(0.2, 4); }

}  // namespace

OPERATOR(log) = {
    .name = "Log",
    .doc = "The natural logarithm: -inf at 0, NaN below.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"LOG"},
    .samples = samples,
};

}  // namespace slipway
