// Reading and writing elements at places told by an index tensor: Gather, GatherElements, GatherND and their inverses.
//
// Indices are int32 or int64 and count from the end when negative. One outside its dimension is an error that names it;
// it reads zero (the empty string) and writes nothing.
#pragma once

#include <cstdint>
#include <span>

#include "base/status.h"
#include "kernels/strided_copy.h"
#include "tensor/dtype.h"

namespace slipway::kernels {

// x: [outer, axis, inner], indices: [count], y: [outer, count, inner].
struct GatherShape {
  int64_t outer, axis, count, inner;
};
// y[o, k] = x[o, indices[k]]
Status gather(const GatherShape& s, DType dtype, const void* x, DType index, const void* indices, void* y, int threads);

// y[r, i] = x[r, positions[i]] for 32-bit elements; rows are `x_stride` and `y_stride` apart.
void pick_32(const uint32_t* x, int64_t rows, int64_t x_stride, const int32_t* positions, int64_t n, uint32_t* y,
             int64_t y_stride);
// dx = 0; dx[o, indices[k]] += dy[o, k], in order of k. Requires: a floating-point or integer dtype.
Status gather_grad(const GatherShape& s, DType dtype, const void* dy, DType index, const void* indices, void* dx,
                   int threads);

// How scatters join a new element with the old one.
enum class Reduction : uint8_t { none, add, mul, min, max };

// x and indices of one rank <= kMaxRank: y[i] = x[i with i_axis = indices[i]], y: shape of indices.
Status gather_elements(std::span<const int64_t> x_shape, std::span<const int64_t> index_shape, int64_t axis,
                       DType dtype, const void* x, DType index, const void* indices, void* y);
// y[i with i_axis = indices[i]] joins updates[i], in order of i. Requires: y holds the data already.
Status scatter_elements(std::span<const int64_t> y_shape, std::span<const int64_t> index_shape, int64_t axis,
                        DType dtype, Reduction reduction, DType index, const void* indices, const void* updates,
                        void* y);

// x: [batch, d_1 ... d_k, slice], indices: [batch, count, k], y: [batch, count, slice].
struct GatherNdShape {
  int64_t batch = 1;
  int64_t count = 1;
  int64_t slice = 1;
  int k = 0;
  std::array<int64_t, kMaxRank> dims = {};  // d_1 ... d_k
};
Status gather_nd(const GatherNdShape& s, DType dtype, const void* x, DType index, const void* indices, void* y);
// y[b, indices[b, c]] joins updates[b, c], in order. Requires: y holds the data already.
Status scatter_nd(const GatherNdShape& s, DType dtype, Reduction reduction, DType index, const void* indices,
                  const void* updates, void* y);

}  // namespace slipway::kernels
