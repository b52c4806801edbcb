// Card: IsInf.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  bool negative = c.node().integer("detect_negative") != 0;
  bool positive = c.node().integer("detect_positive") != 0;
  return ops::prepare_predicate<ops::FloatTypes>(
      c, [=](auto x) { return std::isinf(x) && (x < 0 ? negative : positive); });
}

std::vector<Sample> samples() {
  Sample::Input x = ops::given(Tensor::of<float>({5}, {-1.2f, NAN, INFINITY, 2.8f, -INFINITY}));
  return {{.inputs = {x}},
          {.inputs = {x}, .attributes = {{"detect_negative", int64_t{0}}}},
          {.inputs = {x}, .attributes = {{"detect_positive", int64_t{0}}}}};
}

}  // namespace

OPERATOR(is_inf) = {
    .name = "IsInf",
    .since = 10,
    .doc = "Whether x is infinite, of a sign that is looked for.",
    .attributes = {{{"detect_negative", 1}, {"detect_positive", 1}}},
    .infer = ops::infer_predicate,
    .cpu = prepare,
    .batch = ops::batch::elementwise,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
