// Shrink.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  double lambd = static_cast<double>(c.node().real("lambd")), bias = static_cast<double>(c.node().real("bias"));
  return ops::prepare_unary<ops::NumberTypes>(c, [=](auto x) {
    using T = decltype(x);
    double v = static_cast<double>(x);
    return v < -lambd ? static_cast<T>(v + bias) : v > lambd ? static_cast<T>(v - bias) : T{0};
  });
}

// dx = |x| > lambd ? dy : 0
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId outside = b.op("Greater", {b.op("Abs", {x[0]}), ops::scalar_like(b, n.real("lambd"), x[0])});
  return Values{ops::where_or_zero(b, outside, dy[0])};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples(0.6, 3, {{"bias", 0.25f}});
  for (const Sample& inside : ops::unary_samples(-0.4, 0.4)) cases.push_back(inside);
  return cases;
}

}  // namespace

OPERATOR(shrink) = {
    .name = "Shrink",
    .since = 9,
    .doc = "x < -lambd ? x + bias : x > lambd ? x - bias : 0",
    .attributes = {{{"bias", 0.0f}, {"lambd", 0.5f}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
