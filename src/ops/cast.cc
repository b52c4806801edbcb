// Cast.
#include <fmt/format.h>

#include "kernels/cast.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Result<DType> target(const Node& n) {
  int64_t number = n.integer("to");
  auto dtype = number > 0 && number < 256 ? static_cast<DType>(number) : DType::undefined;
  if (dtype_name(dtype) == "undefined")
    return unsupported(fmt::format("`to` is type number {}, which is not implemented", number));
  return dtype;
}

Status infer(InferContext& c) {
  c.set(0, TRY(target(c.node())), c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{.run = [from = c.in(0).dtype, to = c.out(0).dtype, n = c.in(0).count(), threads = c.threads()](
                           const KernelArgs& a) { a.report(kernels::cast(from, a.in[0], to, a.out[0], n, threads)); }};
}

// dx = dy in x's type; nothing flows through integers
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values& y, const Values& dy) {
  if (!ops::flows(b, x[0]) || !ops::flows(b, y[0])) return Values(1);
  return Values{b.op("Cast", {dy[0]}, {{"to", static_cast<int64_t>(b.dtype(x[0]))}})};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3})}, .attributes = {{"to", static_cast<int64_t>(DType::f64)}}},
          {.inputs = {ops::sample({2, 3})}, .attributes = {{"to", static_cast<int64_t>(DType::i32)}}},
          {.inputs = {ops::sample({2, 3}, DType::i64)}, .attributes = {{"to", static_cast<int64_t>(DType::f32)}}}};
}

}  // namespace

OPERATOR(cast) = {
    .name = "Cast",
    .since = 1,
    .doc = "y = x as type `to`; floats truncate into integers.",
    .attributes = {{{"to", kRequiredInt}, {"saturate", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::elementwise_of_first,
    .tflite = {"CAST", "numbers and booleans"},
    .samples = samples,
};

}  // namespace slipway
