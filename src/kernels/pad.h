// Padding and its gradient: every output element reads one input element, or none.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace slipway::kernels {

enum class PadMode : uint8_t { constant, reflect, edge, wrap };

// The index that position `i` of a dimension reads, for `before` elements put in front of `size`; -1 for a constant
// (and where there is nothing to read). Negative `before` cuts.
int64_t pad_source(PadMode mode, int64_t i, int64_t before, int64_t size);

// Integers of scratch that pad() and pad_grad() need.
int64_t pad_scratch(std::span<const int64_t> y_shape);

// y[i] = x[source(i)], or `value` (one element; nullptr: zero). before[d] for each dimension. Requires: rank <=
// kMaxRank.
void pad(PadMode mode, std::span<const int64_t> x_shape, std::span<const int64_t> y_shape,
         std::span<const int64_t> before, DType dtype, const void* x, const void* value, void* y, int64_t* scratch);

// dx = 0; dx[source(i)] += dy[i]. Requires: a number type.
void pad_grad(PadMode mode, std::span<const int64_t> x_shape, std::span<const int64_t> y_shape,
              std::span<const int64_t> before, DType dtype, const void* dy, void* dx, int64_t* scratch);

}  // namespace slipway::kernels
