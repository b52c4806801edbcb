// NonZero.
#include <algorithm>

#include "kernels/storage.h"
#include "ops/movement.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

// f(flat index) for every element that is not zero (not an empty string).
template <typename F>
void walk_non_zero(DType dtype, const void* data, int64_t n, F&& f) {
  auto walk = [&]<typename T>(TypeTag<T>) {
    const T* x = static_cast<const T*>(data);
    for (int64_t i = 0; i < n; ++i) {
      bool set;
      if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
        set = to_float(x[i]) != 0;
      } else {
        set = x[i] != T{};
      }
      if (set) f(i);
    }
  };
  if (dtype == DType::string) return walk(TypeTag<std::string>{});
  visit_dtype(dtype, walk);
}

Status infer(InferContext& c) {
  Dim count;
  if (const Tensor* x = c.known(0)) {
    count = Dim(0);
    walk_non_zero(x->dtype(), x->raw(), x->count(), [&](int64_t) { ++count.size; });
  }
  c.set(0, DType::i64, {Dim(static_cast<int64_t>(c.dims(0).size())), count});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  Shape strides = row_major_strides(c.in(0).shape);
  int64_t count = c.out(0).shape[1];
  return Kernel{.run = [strides, count, x = c.in(0)](const KernelArgs& a) {
    int64_t next = 0;
    walk_non_zero(x.dtype, a.in[0], x.count(), [&](int64_t i) {
      if (next == count) return;
      for (size_t d = 0; d < strides.size(); ++d) {
        a.output<int64_t>(0)[static_cast<int64_t>(d) * count + next] = i / strides[d] % x.shape[d];
      }
      ++next;
    });
  }};
}

std::vector<Sample> samples() { return {{.inputs = {ops::fixed(Tensor::of<float>({2, 3}, {1, 0, 2, 0, 0, -3}))}}}; }

}  // namespace

OPERATOR(non_zero) = {
    .name = "NonZero",
    .since = 9,
    .doc = "y[:, j] = the indices of the j-th element of x that is not zero, in row-major order.",
    .infer = infer,
    .cpu = prepare,
    .tflite = {"WHERE", "transposed behind it"},
    .samples = samples,
};

}  // namespace slipway
