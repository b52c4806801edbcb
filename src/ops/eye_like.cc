// EyeLike.
#include <algorithm>

#include <fmt/format.h>

#include "kernels/strided_copy.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  if (c.dims(0).size() != 2) return invalid(fmt::format("x is {}; expected a matrix", to_string(c.dims(0))));
  DType dtype = c.node().has("dtype") ? TRY(ops::dtype_attribute(c.node(), "dtype")) : c.dtype(0);
  if (size_of(dtype) == 0) return unsupported(fmt::format("dtype {} is not a number type", static_cast<int>(dtype)));
  c.set(0, dtype, c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  int64_t k = std::clamp(c.node().integer("k"), -c.out(0).shape[0], c.out(0).shape[1]);
  return Kernel{.run = [k, y = c.out(0)](const KernelArgs& a) {
    kernels::fill(y.dtype, nullptr, a.out[0], y.count(), 1);
    visit_dtype(y.dtype, [&]<typename T>(TypeTag<T>) {
      for (int64_t i = std::max<int64_t>(0, -k); i < y.shape[0] && i + k < y.shape[1]; ++i) {
        a.output<T>(0)[i * y.shape[1] + i + k] = convert_element<T>(1.f);
      }
    });
  }};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 4})}}, {.inputs = {ops::sample({3, 3})}, .attributes = {{"k", int64_t{-1}}}}};
}

}  // namespace

OPERATOR(eye_like) = {
    .name = "EyeLike",
    .since = 9,
    .doc = "y[i, i + k] = 1, 0 elsewhere, in the shape of x.",
    .attributes = {{{"dtype", kOptionalInt}, {"k", 0}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "fold it under a fixed input shape"},
    .samples = samples,
};

}  // namespace slipway
