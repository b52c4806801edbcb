// A matrix product for the types that the fast path does not have (float64, integers, 16-bit floats).
#pragma once

#include <cstdint>

#include "tensor/visit.h"

namespace slipway {

// C[m, n] = A B with A [m, k] (or stored [k, m] when transposed) and B [k, n] (or [n, k]). Sums in T, or float for
// 16-bit floats.
template <typename T>
void reference_matmul(const T* a, const T* b, T* c, int64_t m, int64_t n, int64_t k, bool transpose_a,
                      bool transpose_b) {
  constexpr bool kHalf = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
  using Sum = std::conditional_t<kHalf, float, T>;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      Sum sum{};
      for (int64_t l = 0; l < k; ++l) {
        Sum x = convert_element<Sum>(a[transpose_a ? l * m + i : i * k + l]);
        Sum y = convert_element<Sum>(b[transpose_b ? j * k + l : l * n + j]);
        sum = static_cast<Sum>(sum + x * y);
      }
      c[i * n + j] = convert_element<T>(sum);
    }
  }
}

}  // namespace slipway
