// What element-wise cards share: a formula becomes a kernel for every dtype of the card, float32 through SIMD.
#pragma once

#include <string>
#include <utility>

#include "kernels/broadcast.h"
#include "kernels/elementwise.h"
#include "kernels/loops.h"
#include "kernels/parallel.h"
#include "ops/infer.h"

namespace slipway::ops {

// Element types that a card has arithmetic for.
template <typename... T>
struct Types {};
using FloatTypes = Types<float, double, Half, BFloat16>;
using IntegerTypes = Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
using UnsignedTypes = Types<uint8_t, uint16_t, uint32_t, uint64_t>;
using NumberTypes =
    Types<float, double, Half, BFloat16, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
using SignedTypes = Types<float, double, Half, BFloat16, int8_t, int16_t, int32_t, int64_t>;
using AllTypes = Types<float, double, Half, BFloat16, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                       uint64_t, bool>;
using BoolType = Types<bool>;

// "expected one of float32, …"
Status no_arithmetic(const PrepareContext& c, DType found, std::initializer_list<DType> allowed);

// f(TypeTag<T>{}) for the T of `dtype`; an error when it is not in the list.
template <typename F, typename... T>
Result<Kernel> for_types(Types<T...>, const PrepareContext& c, DType dtype, const F& f) {
  Kernel kernel;
  bool found = ((dtype == dtype_of<T> && (kernel = f(TypeTag<T>{}), true)) || ...);
  if (!found) return no_arithmetic(c, dtype, {dtype_of<T>...});
  return kernel;
}

// Elements that are worth a second thread: arithmetic of nanoseconds against a wake-up of microseconds.
inline constexpr int64_t kElementGrain = 1 << 15;

// y = f(x) in float32 through `simd`.
Kernel unary_f32_kernel(const PrepareContext& c, kernels::Unary simd, kernels::Params params = {});
// y = f(a, b) in float32 through `simd`, broadcast.
Result<Kernel> binary_f32_kernel(const PrepareContext& c, kernels::Binary simd);
// The plan of a node whose inputs all broadcast to output 0.
Result<kernels::BroadcastPlan> broadcast_plan(const PrepareContext& c);

// y[i] = f(x[i]) with x of type T, y of type R.
template <typename R, typename T, typename F>
Kernel map_kernel(const PrepareContext& c, F f) {
  int64_t n = c.out(0).count();
  int threads = c.threads();
  return {[=](const KernelArgs& args) {
    const T* x = args.input<T>(0);
    R* y = args.output<R>(0);
    parallel_for(threads, n, kElementGrain,
                 [&](int64_t begin, int64_t end) { kernels::map_row(f, x + begin, y + begin, end - begin); });
  }};
}

// y[i] = f(a[i], b[i]), broadcast, with a of type T, b of type U, y of type R.
template <typename R, typename T, typename U, typename F>
Kernel map2_kernel(const PrepareContext& c, const kernels::BroadcastPlan& plan, F f) {
  int threads = c.threads();
  return {[=](const KernelArgs& args) {
    const T* a = args.input<T>(0);
    const U* b = args.input<U>(1);
    R* y = args.output<R>(0);
    parallel_for(threads, plan.count(), kElementGrain, [&](int64_t begin, int64_t end) {
      kernels::walk_rows<2>(plan, begin, end, [&](int64_t out, int64_t n, const std::array<int64_t, 2>& at) {
        kernels::map_row(f, a + at[0], plan.steps[0], b + at[1], plan.steps[1], y + out, n);
      });
    });
  }};
}

// A card's `.cpu` from its formula f(x), for the types in `List`.
template <typename List, typename F>
Result<Kernel> prepare_unary(const PrepareContext& c, F f) {
  return for_types(List{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) { return map_kernel<T, T>(c, f); });
}

// The same with float32 through `simd`.
template <typename List, typename F>
Result<Kernel> prepare_unary(const PrepareContext& c, F f, kernels::Unary simd, kernels::Params params = {}) {
  if (c.in(0).dtype == DType::f32) return unary_f32_kernel(c, simd, params);
  return prepare_unary<List>(c, f);
}

// y = f(x) as a boolean.
template <typename List, typename F>
Result<Kernel> prepare_predicate(const PrepareContext& c, F f) {
  return for_types(List{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) { return map_kernel<bool, T>(c, f); });
}

// A card's `.cpu` from its formula f(a, b) over two inputs of one type.
template <typename List, typename F>
Result<Kernel> prepare_binary(const PrepareContext& c, F f) {
  kernels::BroadcastPlan plan = TRY(broadcast_plan(c));
  return for_types(List{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) { return map2_kernel<T, T, T>(c, plan, f); });
}

template <typename List, typename F>
Result<Kernel> prepare_binary(const PrepareContext& c, F f, kernels::Binary simd) {
  if (c.in(0).dtype == DType::f32) return binary_f32_kernel(c, simd);
  return prepare_binary<List>(c, f);
}

// y = f(a, b) as a boolean.
template <typename List, typename F>
Result<Kernel> prepare_comparison(const PrepareContext& c, F f) {
  kernels::BroadcastPlan plan = TRY(broadcast_plan(c));
  return for_types(List{}, c, c.in(0).dtype,
                   [&]<typename T>(TypeTag<T>) { return map2_kernel<bool, T, T>(c, plan, f); });
}

}  // namespace slipway::ops
