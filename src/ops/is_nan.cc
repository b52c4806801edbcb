// Card: IsNaN.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_predicate<ops::FloatTypes>(c, [](auto x) { return std::isnan(x); });
}

}  // namespace

OPERATOR(is_nan) = {
    .name = "IsNaN",
    .since = 9,
    .doc = "Whether x is NaN.",
    .infer = ops::infer_predicate,
    .cpu = prepare,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = ops::unary_samples,
};

}  // namespace slipway
