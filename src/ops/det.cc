// Det.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  Dims x = c.dims(0);
  size_t rank = x.size();
  if (rank < 2 || (x[rank - 1].known() && x[rank - 2].known() && x[rank - 1].size != x[rank - 2].size)) {
    return invalid(fmt::format("X is {}; expected square matrices [..., n, n]", to_string(x)));
  }
  x.resize(rank - 2);
  c.set(0, c.dtype(0), x);
  return {};
}

// Gaussian elimination with row pivots, in double. m: [n, n], destroyed.
double determinant(double* m, int64_t n) {
  double result = 1;
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::fabs(m[i * n + k]) > std::fabs(m[pivot * n + k])) pivot = i;
    }
    if (m[pivot * n + k] == 0) return 0;
    if (pivot != k) {
      std::swap_ranges(m + k * n, m + (k + 1) * n, m + pivot * n);
      result = -result;
    }
    result *= m[k * n + k];
    for (int64_t i = k + 1; i < n; ++i) {
      double factor = m[i * n + k] / m[k * n + k];
      for (int64_t j = k; j < n; ++j) m[i * n + j] -= factor * m[k * n + j];
    }
  }
  return result;
}

Result<Kernel> prepare(const PrepareContext& c) {
  int64_t n = c.in(0).shape.back(), count = c.out(0).count();
  auto typed = [&]<typename T>(T) {
    Kernel kernel;
    kernel.scratch_bytes = static_cast<size_t>(n * n) * sizeof(double);
    kernel.run = [=](const KernelArgs& a) {
      auto* m = static_cast<double*>(a.scratch);
      for (int64_t i = 0; i < count; ++i) {
        const T* x = a.input<T>(0) + i * n * n;
        for (int64_t k = 0; k < n * n; ++k) m[k] = static_cast<double>(x[k]);
        a.output<T>(0)[i] = static_cast<T>(determinant(m, n));
      }
    };
    return kernel;
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("Det has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 3})}}, {.inputs = {ops::random_input({2, 4, 4})}}};
}

}  // namespace

OPERATOR(det) = {
    .name = "Det",
    .since = 11,
    .doc = "The determinant of each matrix [..., n, n].",
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::before_matrices,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
