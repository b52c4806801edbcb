// What `starts`, `ends`, `axes` and `steps` of Slice mean on given shapes.
#pragma once

#include <span>

#include "graph/graph.h"
#include "kernels/strided_copy.h"

namespace slipway::ops {

// Elements first, first + step, ... (count of them) of one dimension.
struct SliceRange {
  int64_t first = 0;
  int64_t step = 1;
  int64_t count = 0;
};

// ONNX Slice-13: negative bounds count from the end, then both are clamped. Requires: step != 0, size >= 0.
SliceRange slice_range(int64_t size, int64_t start, int64_t end, int64_t step);

// Type of the slice; a Dim is unknown where it depends on an unknown size. Errors: axis outside, step 0, lengths.
Result<Dims> slice_dims(const Dims& x, std::span<const int64_t> starts, std::span<const int64_t> ends,
                        std::span<const int64_t> axes, std::span<const int64_t> steps);

// The copy from x to its slice. Allocates nothing. Requires: slice_dims accepted the same; x.size() <= kMaxRank.
// `forward` false swaps the sides: from the slice to its place in x.
kernels::StridedCopy slice_copy(std::span<const int64_t> x, std::span<const int64_t> starts,
                                std::span<const int64_t> ends, std::span<const int64_t> axes,
                                std::span<const int64_t> steps, bool forward);

}  // namespace slipway::ops
