// Range.
#include <cmath>

#include <fmt/format.h>

#include "kernels/loops.h"
#include "ops/movement.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

// max(ceil((limit - start) / delta), 0)
template <typename T>
Result<int64_t> count_of(T start, T limit, T delta) {
  if (delta == 0) return invalid("delta is 0; expected a step toward the limit");
  double count = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
  if (!(count < static_cast<double>(int64_t{1} << 48))) return invalid("the range has too many elements");
  return count > 0 ? static_cast<int64_t>(count) : 0;
}

// start + i delta. Steps of integers may wrap between the ends of the type, though the sum is one of its values.
template <typename T>
T element(T start, T delta, int64_t i) {
  if constexpr (std::is_floating_point_v<T>) {
    return start + static_cast<T>(i) * delta;
  } else {
    return static_cast<T>(static_cast<uint64_t>(start) + static_cast<uint64_t>(i) * static_cast<uint64_t>(delta));
  }
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(
      ops::expect_dtype(c, 0, {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i16, DType::i32, DType::i64}));
  for (size_t i : {1, 2}) RETURN_IF_ERROR(ops::expect_dtype(c, i, {c.dtype(0)}));
  Dim count;
  bool known = c.known(0) != nullptr && c.known(1) != nullptr && c.known(2) != nullptr;
  if (known) {
    for (size_t i : {0, 1, 2}) {
      if (c.known(i)->count() != 1) return invalid(fmt::format("input {} must be a scalar", i));
    }
    count = Dim(TRY(visit_dtype(c.dtype(0), [&]<typename T>(TypeTag<T>) -> Result<int64_t> {
      return count_of(kernels::widen(c.known(0)->data<T>()[0]), kernels::widen(c.known(1)->data<T>()[0]),
                      kernels::widen(c.known(2)->data<T>()[0]));
    })));
  }
  c.set(0, c.dtype(0), {count});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{.run = [dtype = c.in(0).dtype, n = c.out(0).count()](const KernelArgs& a) {
    visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
      auto start = kernels::widen(*a.input<T>(0)), delta = kernels::widen(*a.input<T>(2));
      for (int64_t i = 0; i < n; ++i) a.output<T>(0)[i] = convert_element<T>(element(start, delta, i));
    });
  }};
}

std::vector<Sample> samples() {
  auto scalar = [](int64_t x) { return ops::fixed(Tensor::scalar(x)); };
  auto real = [](float x) { return ops::fixed(Tensor::scalar(x)); };
  return {{.inputs = {scalar(1), scalar(7), scalar(2)}},
          {.inputs = {scalar(3), scalar(-2), scalar(-1)}},
          {.inputs = {real(0.5f), real(3), real(0.75f)}}};
}

}  // namespace

OPERATOR(range) = {
    .name = "Range",
    .since = 11,
    .doc = "y[i] = start + i delta, for as long as it is before limit; 16-bit floats in float32.",
    .inputs = {3, 3},
    .attributes = {{{"stash_type", 1}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {"RANGE", nullptr},
    .samples = samples,
};

}  // namespace slipway
