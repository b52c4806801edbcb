// Card: Sum.
#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/variadic.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_variadic<ops::FloatTypes>(
      c, [](auto a, auto b) { return a + b; }, kernels::Binary::add);
}

// dx_i = dy, summed over what was broadcast
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  Values dx;
  for (ValueId operand : x) dx.push_back(b.unbroadcast(dy[0], operand));
  return dx;
}

}  // namespace

OPERATOR(sum) = {
    .name = "Sum",
    .doc = "x0 + x1 + ..., with broadcasting.",
    .inputs = {1, kMany},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::aligned,
    .batch = ops::batch::elementwise,
    .quant = {Quant::rescales},
    .tflite = {"ADD", "a chain of ADD"},
    .samples = ops::variadic_samples,
};

}  // namespace slipway
