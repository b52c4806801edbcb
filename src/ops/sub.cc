// Card: Sub.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::NumberTypes>(
      c, [](auto a, auto b) { return kernels::wrap_sub(a, b); }, kernels::Binary::sub);
}

// da = dy, db = -dy
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  return Values{b.unbroadcast(dy[0], x[0]), b.unbroadcast(b.neg(dy[0]), x[1])};
}

}  // namespace

OPERATOR(sub) = {
    .name = "Sub",
    .doc = "a - b, with broadcasting; integers wrap around.",
    .inputs = {2, 2},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::aligned,
    .batch = ops::batch::elementwise,
    .quant = {Quant::rescales},
    .tflite = {"SUB"},
    .samples = ops::binary_samples,
};

}  // namespace slipway
