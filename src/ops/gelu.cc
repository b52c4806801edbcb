// Card: Gelu.
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

constexpr double kInvSqrt2 = 1 / std::numbers::sqrt2;
constexpr double kSqrt2OverPi = 0.79788456080286535588;  // sqrt(2 / pi)
constexpr double kCubic = 0.044715;

Result<Kernel> prepare(const PrepareContext& c) {
  std::string kind = c.node().text("approximate");
  if (kind == "none") {
    auto exact = [](auto x) {
      using T = decltype(x);
      return x / 2 * std::erfc(-x * static_cast<T>(kInvSqrt2));
    };
    return ops::prepare_unary<ops::FloatTypes>(c, exact, kernels::Unary::gelu);
  }
  if (kind == "tanh") {
    auto approximate = [](auto x) {
      using T = decltype(x);
      return x / 2 * (1 + std::tanh(static_cast<T>(kSqrt2OverPi) * (x + static_cast<T>(kCubic) * x * x * x)));
    };
    return ops::prepare_unary<ops::FloatTypes>(c, approximate, kernels::Unary::gelu_tanh);
  }
  return invalid(fmt::format("approximate is \"{}\"; expected \"none\" or \"tanh\"", kind));
}

// cdf(x) = (1 + erf(x / sqrt(2))) / 2; dx = dy (cdf(x) + x e^(-x^2 / 2) / sqrt(2 pi))
ValueId exact_slope(Builder& b, ValueId x) {
  ValueId cdf = ops::scaled(b, b.add(b.op("Erf", {ops::scaled(b, x, kInvSqrt2)}), ops::scalar_like(b, 1, x)), 0.5);
  ValueId bell = b.op("Exp", {ops::scaled(b, b.mul(x, x), -0.5)});
  return b.add(cdf, ops::scaled(b, b.mul(x, bell), std::numbers::inv_sqrtpi * kInvSqrt2));
}

// u = sqrt(2 / pi) (x + 0.044715 x^3), t = tanh(u); dx = dy ((1 + t) / 2 + x (1 - t^2) u' / 2) with
// u' = sqrt(2 / pi) (1 + 3 * 0.044715 x^2)
ValueId tanh_slope(Builder& b, ValueId x) {
  ValueId square = b.mul(x, x);
  ValueId one = ops::scalar_like(b, 1, x);
  ValueId u = ops::scaled(b, b.mul(x, b.add(ops::scaled(b, square, kCubic), one)), kSqrt2OverPi);
  ValueId t = b.op("Tanh", {u});
  ValueId du = ops::scaled(b, b.add(ops::scaled(b, square, 3 * kCubic), one), kSqrt2OverPi);
  ValueId turn = b.op("TanhGrad", {b.mul(x, du), t}, {}, "slipway");
  return ops::scaled(b, b.add(b.add(t, one), turn), 0.5);
}

// The slopes are above.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.mul(dy[0], n.text("approximate") == "tanh" ? tanh_slope(b, x[0]) : exact_slope(b, x[0]))};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::unary_samples();
  for (const Sample& tanh : ops::unary_samples(-3, 3, {{"approximate", std::string("tanh")}})) cases.push_back(tanh);
  return cases;
}

}  // namespace

OPERATOR(gelu) = {
    .name = "Gelu",
    .since = 20,
    .doc =
        "x / 2 (1 + erf(x / sqrt(2))), or with `approximate` = tanh x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).",
    .attributes = {{{"approximate", "none"}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .tflite = {"GELU"},
    .samples = samples,
};

}  // namespace slipway
