// Normalization loops.
#include "kernels/normalization.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;  // elements a thread should have at least

// Mean and population variance of channel c.
template <typename T>
std::pair<T, T> statistics_of(const ChannelShape& s, const T* x, int64_t c) {
  double n = static_cast<double>(s.batch * s.size), sum = 0, squares = 0;
  for (int64_t b = 0; b < s.batch; ++b) {
    const T* from = x + (b * s.channels + c) * s.size;
    for (int64_t i = 0; i < s.size; ++i) sum += static_cast<double>(from[i]);
  }
  double mean = sum / n;
  for (int64_t b = 0; b < s.batch; ++b) {
    const T* from = x + (b * s.channels + c) * s.size;
    for (int64_t i = 0; i < s.size; ++i) {
      double gap = static_cast<double>(from[i]) - mean;
      squares += gap * gap;
    }
  }
  return {static_cast<T>(mean), static_cast<T>(squares / n)};
}

int64_t grain_of(int64_t elements_each) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(elements_each, 1)); }

}  // namespace

template <typename T>
void batch_normalize(const ChannelShape& s, const T* x, const T* scale, const T* bias, const T* mean, const T* variance,
                     float epsilon, T* y, int threads) {
  parallel_for(threads, s.batch * s.channels, grain_of(s.size), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      int64_t c = plane % s.channels;
      T a = scale[c] / std::sqrt(variance[c] + static_cast<T>(epsilon));
      T b = bias[c] - mean[c] * a;
      for (int64_t i = plane * s.size; i < (plane + 1) * s.size; ++i) y[i] = x[i] * a + b;
    }
  });
}

template <typename T>
void channel_statistics(const ChannelShape& s, const T* x, T* mean, T* variance, int threads) {
  parallel_for(threads, s.channels, grain_of(s.batch * s.size), [&](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) {
      std::tie(mean[c], variance[c]) = statistics_of(s, x, c);
    }
  });
}

template <typename T>
void batch_normalize_backward(const ChannelShape& s, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                              T* dscale, T* dbias, int threads) {
  double n = static_cast<double>(s.batch * s.size);
  parallel_for(threads, s.channels, grain_of(s.batch * s.size), [&](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) {
      auto [mean, variance] = statistics_of(s, x, c);
      T inverse = 1 / std::sqrt(variance + static_cast<T>(epsilon));
      double db = 0, ds = 0;
      for (int64_t b = 0; b < s.batch; ++b) {
        int64_t at = (b * s.channels + c) * s.size;
        for (int64_t i = at; i < at + s.size; ++i) {
          db += static_cast<double>(dy[i]);
          ds += static_cast<double>(dy[i] * (x[i] - mean) * inverse);
        }
      }
      T k = scale[c] * inverse, mean_db = static_cast<T>(db / n), mean_ds = static_cast<T>(ds / n);
      for (int64_t b = 0; b < s.batch; ++b) {
        int64_t at = (b * s.channels + c) * s.size;
        for (int64_t i = at; i < at + s.size; ++i) dx[i] = k * (dy[i] - mean_db - (x[i] - mean) * inverse * mean_ds);
      }
      dscale[c] = static_cast<T>(ds);
      dbias[c] = static_cast<T>(db);
    }
  });
}

template <typename T>
void layer_normalize(int64_t rows, int64_t size, const T* x, const T* scale, const T* bias, float epsilon, T* y,
                     T* mean, T* inverse, int threads) {
  parallel_for(threads, rows, grain_of(size), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      auto [m, v] = statistics_of({1, 1, size}, x + r * size, 0);
      T inv = 1 / std::sqrt(v + static_cast<T>(epsilon));
      for (int64_t i = 0; i < size; ++i) {
        T z = (x[r * size + i] - m) * inv * scale[i];
        y[r * size + i] = bias != nullptr ? z + bias[i] : z;
      }
      if (mean != nullptr) mean[r] = m;
      if (inverse != nullptr) inverse[r] = inv;
    }
  });
}

template <typename T>
void layer_normalize_backward(int64_t rows, int64_t size, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                              T* dscale, T* dbias) {
  std::fill(dscale, dscale + size, T{});
  std::fill(dbias, dbias + size, T{});
  for (int64_t r = 0; r < rows; ++r) {
    const T* xr = x + r * size;
    const T* dyr = dy + r * size;
    auto [m, v] = statistics_of({1, 1, size}, xr, 0);
    T inv = 1 / std::sqrt(v + static_cast<T>(epsilon));
    double g_sum = 0, gx_sum = 0;
    for (int64_t i = 0; i < size; ++i) {
      T xhat = (xr[i] - m) * inv;
      T g = dyr[i] * scale[i];
      g_sum += static_cast<double>(g);
      gx_sum += static_cast<double>(g * xhat);
      dscale[i] += dyr[i] * xhat;
      dbias[i] += dyr[i];
    }
    T g_mean = static_cast<T>(g_sum / static_cast<double>(size));
    T gx_mean = static_cast<T>(gx_sum / static_cast<double>(size));
    for (int64_t i = 0; i < size; ++i) {
      T xhat = (xr[i] - m) * inv;
      dx[r * size + i] = inv * (dyr[i] * scale[i] - g_mean - xhat * gx_mean);
    }
  }
}

#define FOR_TYPE(T)                                                                                                  \
  template void batch_normalize(const ChannelShape&, const T*, const T*, const T*, const T*, const T*, float, T*,    \
                                int);                                                                                \
  template void channel_statistics(const ChannelShape&, const T*, T*, T*, int);                                      \
  template void batch_normalize_backward(const ChannelShape&, const T*, const T*, const T*, float, T*, T*, T*, int); \
  template void layer_normalize(int64_t, int64_t, const T*, const T*, const T*, float, T*, T*, T*, int);             \
  template void layer_normalize_backward(int64_t, int64_t, const T*, const T*, const T*, float, T*, T*, T*);
FOR_TYPE(float)
FOR_TYPE(double)
#undef FOR_TYPE

}  // namespace slipway::kernels
