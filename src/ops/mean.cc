// Card: Mean.
#include "ops/batch_rules.h"
#include "ops/gradient.h"
#include "ops/variadic.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_variadic<ops::FloatTypes>(
      c, [](auto a, auto b) { return a + b; }, kernels::Binary::add, 1.0 / static_cast<double>(c.input_count()));
}

// dx_i = dy / n, summed over what was broadcast
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  Values dx;
  ValueId share = ops::scaled(b, dy[0], 1.0 / static_cast<double>(x.size()));
  for (ValueId operand : x) dx.push_back(b.unbroadcast(share, operand));
  return dx;
}

}  // namespace

OPERATOR(mean) = {
    .name = "Mean",
    .doc = "(x0 + x1 + ...) / n, with broadcasting.",
    .inputs = {1, kMany},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .quant = {Quant::rescales},
    .tflite = {"ADD", "a chain of ADD, then MUL"},
    .samples = ops::variadic_samples,
};

}  // namespace slipway
