// Pooling loops.
#include "kernels/pool.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/parallel.h"

namespace slipway::kernels {

PoolReach pool_reach(const PoolShape& p, const std::array<int64_t, 3>& o) {
  PoolReach r;
  for (size_t d = 0; d < 3; ++d) {
    int64_t start = o[d] * p.stride[d] - p.pad[d];
    int64_t stop = start + p.kernel[d] * p.dilation[d];
    int64_t skipped = start < 0 ? steps_below(-start, p.dilation[d]) : 0;
    r.begin[d] = start + skipped * p.dilation[d];
    r.end[d] = std::min(stop, p.in[d]);
    int64_t padded_end = std::min(stop, p.in[d] + p.pad_end[d]);
    r.padded_size *= steps_below(padded_end - start, p.dilation[d]);
  }
  return r;
}

namespace {

int64_t volume(const std::array<int64_t, 3>& a) { return a[0] * a[1] * a[2]; }

// f(flat position) for every tap of the reach.
template <typename F>
void for_taps(const PoolShape& p, const PoolReach& r, F&& f) {
  for (int64_t a = r.begin[0]; a < r.end[0]; a += p.dilation[0]) {
    for (int64_t b = r.begin[1]; b < r.end[1]; b += p.dilation[1]) {
      int64_t row = (a * p.in[1] + b) * p.in[2];
      for (int64_t c = r.begin[2]; c < r.end[2]; c += p.dilation[2]) f(row + c);
    }
  }
}

// f(plane, flat output position, reach) over all planes, split over threads.
template <typename F>
void for_windows(const PoolShape& p, int threads, F&& f) {
  int64_t work = std::max<int64_t>(volume(p.out) * volume(p.kernel), 1);
  parallel_for(threads, p.planes, std::max<int64_t>(1, 16384 / work), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      int64_t o = 0;
      for (int64_t a = 0; a < p.out[0]; ++a) {
        for (int64_t b = 0; b < p.out[1]; ++b) {
          for (int64_t c = 0; c < p.out[2]; ++c) f(plane, o++, pool_reach(p, {a, b, c}));
        }
      }
    }
  });
}

int64_t to_column_major(const PoolShape& p, int64_t flat) {
  int64_t c = flat % p.in[2], b = flat / p.in[2] % p.in[1], a = flat / p.in[2] / p.in[1];
  return (c * p.in[1] + b) * p.in[0] + a;
}

}  // namespace

template <typename T>
void max_pool(const PoolShape& p, const T* x, T* y, int64_t* indices, bool column_major, int threads) {
  int64_t in = volume(p.in), out = volume(p.out);
  for_windows(p, threads, [&](int64_t plane, int64_t o, const PoolReach& r) {
    T best = std::numeric_limits<T>::lowest();
    int64_t where = -1;
    const T* from = x + plane * in;
    for_taps(p, r, [&](int64_t i) {
      if (where < 0 || beats(from[i], best)) {
        best = from[i];
        where = i;
      }
    });
    y[plane * out + o] = best;
    if (indices != nullptr) indices[plane * out + o] = plane * in + (column_major ? to_column_major(p, where) : where);
  });
}

void max_pool_backward(const PoolShape& p, const float* x, const float* dy, float* dx, int threads) {
  int64_t in = volume(p.in), out = volume(p.out);
  if (pools_pairs(p)) return max_pool_backward_2x2(p, x, dy, dx, threads);
  std::fill(dx, dx + p.planes * in, 0.f);
  for_windows(p, threads, [&](int64_t plane, int64_t o, const PoolReach& r) {
    const float* from = x + plane * in;
    int64_t where = -1;
    for_taps(p, r, [&](int64_t i) {
      if (where < 0 || beats(from[i], from[where])) where = i;
    });
    if (where >= 0) dx[plane * in + where] += dy[plane * out + o];
  });
}

template <typename T>
void average_pool(const PoolShape& p, const T* x, T* y, bool include_pad, int threads) {
  int64_t in = volume(p.in), out = volume(p.out);
  for_windows(p, threads, [&](int64_t plane, int64_t o, const PoolReach& r) {
    T sum = 0;
    int64_t taps = 0;
    for_taps(p, r, [&](int64_t i) {
      sum += x[plane * in + i];
      ++taps;
    });
    y[plane * out + o] = sum / static_cast<T>(std::max<int64_t>(include_pad ? r.padded_size : taps, 1));
  });
}

template <typename T>
void lp_pool(const PoolShape& p, const T* x, T* y, int64_t power, int threads) {
  int64_t in = volume(p.in), out = volume(p.out);
  double exponent = static_cast<double>(power);
  for_windows(p, threads, [&](int64_t plane, int64_t o, const PoolReach& r) {
    double sum = 0;
    for_taps(p, r, [&](int64_t i) {
      double size = std::fabs(static_cast<double>(x[plane * in + i]));
      sum += power == 1 ? size : power == 2 ? size * size : std::pow(size, exponent);
    });
    y[plane * out + o] = static_cast<T>(power == 1 ? sum : power == 2 ? std::sqrt(sum) : std::pow(sum, 1 / exponent));
  });
}

void average_pool_backward(const PoolShape& p, const float* dy, float* dx, bool include_pad, int threads) {
  int64_t in = volume(p.in), out = volume(p.out);
  std::fill(dx, dx + p.planes * in, 0.f);
  for_windows(p, threads, [&](int64_t plane, int64_t o, const PoolReach& r) {
    int64_t taps = 0;
    for_taps(p, r, [&](int64_t) { ++taps; });
    float share = dy[plane * out + o] / static_cast<float>(std::max<int64_t>(include_pad ? r.padded_size : taps, 1));
    for_taps(p, r, [&](int64_t i) { dx[plane * in + i] += share; });
  });
}

template void max_pool(const PoolShape&, const float*, float*, int64_t*, bool, int);
template void max_pool(const PoolShape&, const double*, double*, int64_t*, bool, int);
template void max_pool(const PoolShape&, const uint8_t*, uint8_t*, int64_t*, bool, int);
template void max_pool(const PoolShape&, const int8_t*, int8_t*, int64_t*, bool, int);
template void average_pool(const PoolShape&, const float*, float*, bool, int);
template void average_pool(const PoolShape&, const double*, double*, bool, int);
template void lp_pool(const PoolShape&, const float*, float*, int64_t, int);
template void lp_pool(const PoolShape&, const double*, double*, int64_t, int);

}  // namespace slipway::kernels
