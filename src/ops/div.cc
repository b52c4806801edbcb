// Card: Div.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::NumberTypes>(
      c, [](auto a, auto b) { return kernels::wrap_div(a, b); }, kernels::Binary::div);
}

// da = dy / b, db = -dy y / b
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values& y, const Values& dy) {
  ValueId da = b.div(dy[0], x[1]);
  return Values{b.unbroadcast(da, x[0]), b.unbroadcast(b.neg(b.mul(da, y[0])), x[1])};
}

std::vector<Sample> samples() { return ops::binary_samples(0.5, 2); }

}  // namespace

OPERATOR(div) = {
    .name = "Div",
    .doc = "a / b, with broadcasting; integers round toward zero and give 0 for a division by 0.",
    .inputs = {2, 2},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::aligned,
    .batch = ops::batch::elementwise,
    .tflite = {"DIV"},
    .samples = samples,
};

}  // namespace slipway
