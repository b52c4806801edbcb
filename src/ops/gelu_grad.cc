// Card: GeluGrad.
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kernels/gelu.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

using kernels::kGeluCubic, kernels::kInvSqrt2, kernels::kSqrt2OverPi;

Result<Kernel> prepare(const PrepareContext& c) {
  std::string kind = c.node().text("approximate");
  if (kind == "none") {
    auto exact = [](auto dy, auto x) {
      using T = decltype(x);
      T cdf = std::erfc(-x * static_cast<T>(kInvSqrt2)) / 2;
      return dy * (cdf + x * std::exp(-x * x / 2) * static_cast<T>(std::numbers::inv_sqrtpi * kInvSqrt2));
    };
    return ops::prepare_binary<ops::FloatTypes>(c, exact, kernels::Binary::gelu_grad);
  }
  if (kind == "tanh") {
    auto approximate = [](auto dy, auto x) {
      using T = decltype(x);
      T k = static_cast<T>(kSqrt2OverPi), cubic = static_cast<T>(kGeluCubic);
      T t = std::tanh(k * (x + cubic * x * x * x));
      return dy * (1 + t + x * (1 - t * t) * k * (1 + 3 * cubic * x * x)) / 2;
    };
    return ops::prepare_binary<ops::FloatTypes>(c, approximate, kernels::Binary::gelu_tanh_grad);
  }
  return invalid(fmt::format("approximate is \"{}\"; expected \"none\" or \"tanh\"", kind));
}

// The second derivative of x/2 (1 + erf(x / sqrt(2))) is e^(-x^2 / 2) (2 - x^2) / sqrt(2 pi).
ValueId exact_turn(Builder& b, ValueId x) {
  ValueId square = b.mul(x, x);
  ValueId bell = ops::scaled(b, b.op("Exp", {ops::scaled(b, square, -0.5)}), std::numbers::inv_sqrtpi * kInvSqrt2);
  return b.mul(bell, b.sub(ops::scalar_like(b, 2, x), square));
}

// With t = tanh(u): of x/2 (1 + t) it is (1 - t^2) (u' + x (u'' / 2 - t u'^2)).
ValueId tanh_turn(Builder& b, ValueId x) {
  ValueId square = b.mul(x, x), one = ops::scalar_like(b, 1, x);
  ValueId t = b.op("Tanh", {ops::scaled(b, b.mul(x, b.add(ops::scaled(b, square, kGeluCubic), one)), kSqrt2OverPi)});
  ValueId du = ops::scaled(b, b.add(ops::scaled(b, square, 3 * kGeluCubic), one), kSqrt2OverPi);
  ValueId half_ddu = ops::scaled(b, x, 3 * kGeluCubic * kSqrt2OverPi);
  ValueId inner = b.add(du, b.mul(x, b.sub(half_ddu, b.mul(t, b.mul(du, du)))));
  return b.mul(b.sub(one, b.mul(t, t)), inner);
}

// With GeluGrad's dy as a: da = a's slope times the incoming gradient; dx by the second derivatives above.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId da = b.op("GeluGrad", {dy[0], x[1]}, {{"approximate", n.text("approximate")}}, "slipway");
  ValueId turn = n.text("approximate") == "tanh" ? tanh_turn(b, x[1]) : exact_turn(b, x[1]);
  return Values{da, b.mul(b.mul(dy[0], x[0]), turn)};
}

std::vector<Sample> samples() {
  Sample exact{.inputs = {ops::random_input({3, 21}), ops::random_input({3, 21}, -3, 3)}}, tanh = exact;
  tanh.attributes.set("approximate", std::string("tanh"));
  return {exact, tanh};
}

}  // namespace

OPERATOR(gelu_grad) = {
    .name = "GeluGrad",
    .domain = "slipway",
    .doc = "dy times the slope of Gelu at x, from (dy, x).",
    .inputs = {2, 2},
    .attributes = {{{"approximate", "none"}}},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
