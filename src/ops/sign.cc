// Card: Sign.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_unary<ops::NumberTypes>(
      c, [](auto x) { return x > 0   ? decltype(x){1}
                             : x < 0 ? static_cast<decltype(x)>(-1)
                                     : x; },
      kernels::Unary::sign);
}

}  // namespace

OPERATOR(sign) = {
    .name = "Sign",
    .since = 9,
    .doc = "-1, 0 or 1 by the sign of x; NaN stays NaN.",
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"SIGN"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
