// Card: PRelu.
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_binary<ops::NumberTypes>(
      c, [](auto a, auto b) { return a < 0 ? kernels::wrap_mul(a, b) : a; }, kernels::Binary::prelu);
}

// dx = x < 0 ? slope dy : dy, dslope = x < 0 ? x dy : 0
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId below = b.op("Less", {x[0], ops::scalar_like(b, 0, x[0])});
  ValueId dx = b.op("Where", {below, b.mul(dy[0], x[1]), dy[0]});
  return Values{dx, b.unbroadcast(ops::where_or_zero(b, below, b.mul(dy[0], x[0])), x[1])};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({2, 3, 4}), ops::random_input({3, 1}, 0.1, 0.5)}},
          {.inputs = {ops::random_input({4, 18}), ops::random_input({18}, 0.1, 0.5)}},
          {.inputs = {ops::random_input({5}), ops::random_input({5}, 0.1, 0.5)}}};
}

}  // namespace

OPERATOR(prelu) = {
    .name = "PRelu",
    .doc = "x < 0 ? slope x : x, slope broadcast to x.",
    .inputs = {2, 2},
    .infer = ops::infer_onto_first,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::aligned,
    .batch = ops::batch::elementwise,
    .tflite = {"PRELU", "slope over the channels"},
    .samples = samples,
};

}  // namespace slipway
