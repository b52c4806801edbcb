// Card: Gelu.
#include <cmath>

#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/gelu.h"
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  std::string kind = c.node().text("approximate");
  if (kind == "none") {
    auto exact = [](auto x) {
      using T = decltype(x);
      return x / 2 * std::erfc(-x * static_cast<T>(kernels::kInvSqrt2));
    };
    return ops::prepare_unary<ops::FloatTypes>(c, exact, kernels::Unary::gelu);
  }
  if (kind == "tanh") {
    auto approximate = [](auto x) {
      using T = decltype(x);
      T k = static_cast<T>(kernels::kSqrt2OverPi), cubic = static_cast<T>(kernels::kGeluCubic);
      return x / 2 * (1 + std::tanh(k * (x + cubic * x * x * x)));
    };
    return ops::prepare_unary<ops::FloatTypes>(c, approximate, kernels::Unary::gelu_tanh);
  }
  return invalid(fmt::format("approximate is \"{}\"; expected \"none\" or \"tanh\"", kind));
}

// See slipway.GeluGrad.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.op("GeluGrad", {dy[0], x[0]}, {{"approximate", n.text("approximate")}}, "slipway")};
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
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = {"GELU"},
    .samples = samples,
};

}  // namespace slipway
