// Ordering: the k greatest, and the distinct ones. Scratch is the caller's.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace slipway::kernels {

// x: [outer, axis, inner]; values and indices: [outer, k, inner], ordered, ties by lower index. NaN counts as greater
// than everything. `scratch` holds `axis` integers. Requires: a number type, k <= axis.
void top_k(DType dtype, const void* x, int64_t outer, int64_t axis, int64_t inner, int64_t k, bool largest,
           void* values, int64_t* indices, int64_t* scratch);

// x: [outer, n, inner], seen as n slices of outer * inner elements.
struct Slices {
  DType dtype;
  const void* x;
  int64_t outer, n, inner;
};
// Where the distinct slices are: `first` (n integers) gets the index of each one's first occurrence, `count` (n) how
// often it occurs, `inverse` (n) which one each slice is; returns how many there are. They are in ascending order, or
// in order of occurrence when not `sorted`. `scratch` holds 2 n integers.
int64_t distinct(const Slices& s, bool sorted, int64_t* first, int64_t* count, int64_t* inverse, int64_t* scratch);

}  // namespace slipway::kernels
