// Reordering of a tensor's dimensions, for constants that change layout.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace slipway {

// Dimension i of the result is dimension permutation[i] of `x` (NumPy's transpose). Any dtype but string.
// Requires: `permutation` holds each of 0..rank-1 once.
Tensor permuted(const Tensor& x, std::span<const int64_t> permutation);

// Entry i of the result is shape[permutation[i]].
Shape permuted(std::span<const int64_t> shape, std::span<const int64_t> permutation);

// The permutation that undoes `permutation`.
std::vector<int64_t> inverse_permutation(std::span<const int64_t> permutation);

// Whether it holds each of 0..size-1 once.
bool is_permutation(std::span<const int64_t> permutation);

}  // namespace slipway
