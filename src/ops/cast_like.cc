// CastLike.
#include "kernels/cast.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  c.set(0, c.dtype(1), c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{.run = [from = c.in(0).dtype, to = c.out(0).dtype, n = c.in(0).count(), threads = c.threads()](
                           const KernelArgs& a) { a.report(kernels::cast(from, a.in[0], to, a.out[0], n, threads)); }};
}

// dx = dy in x's type; nothing flows through integers
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values& y, const Values& dy) {
  if (!ops::flows(b, x[0]) || !ops::flows(b, y[0])) return Values(2);
  return Values{b.op("CastLike", {dy[0], x[0]}), {}};
}

std::vector<Sample> samples() { return {{.inputs = {ops::sample({2, 3}), ops::sample({1}, DType::f64)}}}; }

}  // namespace

OPERATOR(cast_like) = {
    .name = "CastLike",
    .since = 15,
    .doc = "y = x as the type of `target_type`; floats truncate into integers.",
    .inputs = {2, 2},
    .attributes = {{{"saturate", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::cast_like,
    .tflite = {"CAST", "numbers and booleans"},
    .samples = samples,
};

}  // namespace slipway
