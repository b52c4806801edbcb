// Pooling over 1 to 3 spatial dimensions, forward and backward.
#pragma once

#include <array>
#include <cstdint>

namespace slipway::kernels {

// Spatial dimensions are padded in front to three with size 1. Sizes in elements; planes = batch × channels.
struct PoolShape {
  int64_t planes = 0;
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, kernel{1, 1, 1}, stride{1, 1, 1}, dilation{1, 1, 1}, pad{0, 0, 0};
  std::array<int64_t, 3> pad_end{0, 0, 0};
  int64_t inner = 1;  // values at each position: the channels where they are last (planes = batch then)
};

// How many of the positions 0, step, 2 step, … lie below n. Pooling asks often and seldom dilates: no division then.
inline int64_t steps_below(int64_t n, int64_t step) { return step == 1 ? n : (n + step - 1) / step; }

// The part of a window that lies inside the input, per dimension: positions begin, begin + dilation, … below end.
struct PoolReach {
  std::array<int64_t, 3> begin, end;
  int64_t padded_size = 1;  // taps inside the input or its padding
};
// The window of output position `o`.
PoolReach pool_reach(const PoolShape& p, const std::array<int64_t, 3>& o);

// Whether x takes the place of `best` as the maximum: a NaN does, whatever comes before.
template <typename T>
bool beats(T x, T best) {
  return x > best || x != x;
}

// All but vector_*: inner = 1.

// y[o] = max of x over the window of o, NaN where there is one; where `indices` is given, the flat position in x of
// that maximum (row-major, or column-major within the plane as ONNX storage_order = 1 asks).
template <typename T>
void max_pool(const PoolShape& p, const T* x, T* y, int64_t* indices, bool column_major, int threads);

// dx[argmax of the window of o] += dy[o]; the first maximum wins, or the last NaN, as in max_pool.
void max_pool_backward(const PoolShape& p, const float* x, const float* dy, float* dx, int threads);

// y[o] = mean of x over the window of o; `include_pad`: divided by the window's size with its padding.
template <typename T>
void average_pool(const PoolShape& p, const T* x, T* y, bool include_pad, int threads);

// y[o] = (sum of |x|^power over the window of o)^(1/power)
template <typename T>
void lp_pool(const PoolShape& p, const T* x, T* y, int64_t power, int threads);

// max_pool without indices and average_pool, vectorized; the same values to the last bit. For float, uint8_t, int8_t.
template <typename T>
void vector_max_pool(const PoolShape& p, const T* x, T* y, int threads);
// Whether windows are 2 x 2 at stride 2 without padding (a last odd row or column has no window), in float32 planes.
bool pools_pairs(const PoolShape& p);
// max_pool and max_pool_backward of such windows.
void max_pool_2x2(const PoolShape& p, const float* x, float* y, int threads);
void max_pool_backward_2x2(const PoolShape& p, const float* x, const float* dy, float* dx, int threads);
void vector_average_pool(const PoolShape& p, const float* x, float* y, bool include_pad, int threads);

void average_pool_backward(const PoolShape& p, const float* dy, float* dx, bool include_pad, int threads);

}  // namespace slipway::kernels
