// Element-wise loops for any element type; 16-bit floats are computed in float.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tensor/visit.h"

namespace slipway::kernels {

// The type that a formula is computed in.
template <typename T>
using Compute = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float, T>;

template <typename T>
Compute<T> widen(T x) {
  return convert_element<Compute<T>>(x);
}

// y[i] = f(x[i])
template <typename R, typename T, typename F>
void map_row(const F& f, const T* x, R* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = convert_element<R>(f(widen(x[i])));
}

// y[i] = f(a[i * a_step], b[i * b_step])
template <typename R, typename T, typename U, typename F>
void map_row(const F& f, const T* a, int64_t a_step, const U* b, int64_t b_step, R* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = convert_element<R>(f(widen(a[i * a_step]), widen(b[i * b_step])));
}

// Integer arithmetic that wraps around instead of being undefined; floats as they are.
template <typename T>
T wrap_add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}
template <typename T>
T wrap_sub(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  } else {
    return a - b;
  }
}
template <typename T>
T wrap_mul(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return a * b;
  }
}
// Toward zero; 0 for an integer divided by 0.
template <typename T>
T wrap_div(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return wrap_sub(T{0}, a);
    }
    return static_cast<T>(a / b);
  } else {
    return a / b;
  }
}

}  // namespace slipway::kernels
