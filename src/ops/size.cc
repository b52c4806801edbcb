// Size.
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  c.set(0, DType::i64, {});
  if (std::optional<Shape> x = known_shape(c.dims(0))) c.set_known(0, Tensor::scalar(TRY(checked_count(*x))));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{.run = [count = c.in(0).count()](const KernelArgs& a) { *a.output<int64_t>(0) = count; }};
}

std::vector<Sample> samples() { return {{.inputs = {ops::sample({2, 3})}}}; }

}  // namespace

OPERATOR(size) = {
    .name = "Size",
    .since = 1,
    .doc = "y = the number of elements of x as an int64 scalar.",
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite has no element count; fold it under a fixed input shape"},
    .samples = samples,
};

}  // namespace slipway
