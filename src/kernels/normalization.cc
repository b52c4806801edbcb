// Normalization loops.
#include "kernels/normalization.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "kernels/parallel.h"
#include "kernels/rows.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;  // elements a thread should have at least

// Rows whose shares of dscale and dbias are summed by themselves, so that threads change no rounding.
constexpr int64_t kPartials = 16;

// Σ x, Σ (x - mean)², and Σ dy, Σ dy (x - mean) added to what is there, over one plane.
template <typename T>
double sum_of(const T* x, int64_t n) {
  if constexpr (std::is_same_v<T, float>) return row_sums().sum(x, n);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
  return sum;
}
template <typename T>
double squares_of(const T* x, int64_t n, double mean) {
  if constexpr (std::is_same_v<T, float>) return row_sums().squares(x, n, static_cast<float>(mean));
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    double gap = static_cast<double>(x[i]) - mean;
    squares += gap * gap;
  }
  return squares;
}
template <typename T>
void add_sums(const T* dy, const T* x, int64_t n, T mean, double& sum, double& product) {
  if constexpr (std::is_same_v<T, float>) return row_sums().with(dy, x, n, mean, &sum, &product);
  for (int64_t i = 0; i < n; ++i) {
    sum += static_cast<double>(dy[i]);
    product += static_cast<double>(dy[i] * (x[i] - mean));
  }
}

// y = (x - mean) a + b
template <typename T>
void affine(const T* x, T* y, int64_t n, T mean, T a, T b) {
  if constexpr (std::is_same_v<T, float>) return affine_f32()(x, y, n, mean, a, b);
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * a + b;
}

// Mean and population variance of channel c.
template <typename T>
std::pair<T, T> statistics_of(const ChannelShape& s, const T* x, int64_t c) {
  double n = static_cast<double>(s.batch * s.size), sum = 0, squares = 0;
  auto plane = [&](int64_t b) { return x + (b * s.channels + c) * s.size; };
  for (int64_t b = 0; b < s.batch; ++b) sum += sum_of(plane(b), s.size);
  double mean = sum / n;
  for (int64_t b = 0; b < s.batch; ++b) squares += squares_of(plane(b), s.size, mean);
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
      affine(x + plane * s.size, y + plane * s.size, s.size, mean[c], a, bias[c]);
    }
  });
}

template <typename T>
void batch_normalize_training(const ChannelShape& s, const T* x, const T* scale, const T* bias, float epsilon, T* y,
                              T* mean, T* variance, int threads) {
  parallel_for(threads, s.channels, grain_of(s.batch * s.size), [&](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) {
      std::tie(mean[c], variance[c]) = statistics_of(s, x, c);
      T a = scale[c] / std::sqrt(variance[c] + static_cast<T>(epsilon));
      for (int64_t b = 0; b < s.batch; ++b) {
        int64_t at = (b * s.channels + c) * s.size;
        affine(x + at, y + at, s.size, mean[c], a, bias[c]);
      }
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
      double db = 0, product = 0;
      for (int64_t b = 0; b < s.batch; ++b) {
        int64_t at = (b * s.channels + c) * s.size;
        add_sums(dy + at, x + at, s.size, mean, db, product);
      }
      double ds = product * static_cast<double>(inverse);
      T k = scale[c] * inverse, shift = static_cast<T>(db / n), slope = k * inverse * static_cast<T>(ds / n);
      for (int64_t b = 0; b < s.batch; ++b) {
        int64_t at = (b * s.channels + c) * s.size;
        if constexpr (std::is_same_v<T, float>) {
          normalize_back_f32()(dy + at, x + at, dx + at, s.size, k, shift, slope, mean);
        } else {
          for (int64_t i = at; i < at + s.size; ++i) dx[i] = k * (dy[i] - shift) - slope * (x[i] - mean);
        }
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
      if constexpr (std::is_same_v<T, float>) {
        auto [m, inv] = layer_norm_f32()(x + r * size, scale, bias, epsilon, y + r * size, size);
        if (mean != nullptr) mean[r] = m;
        if (inverse != nullptr) inverse[r] = inv;
        continue;
      }
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

namespace {

template <typename T>
void layer_row_backward(const T* x, const T* scale, const T* dy, float epsilon, T* dx, T* dscale, T* dbias, int64_t n) {
  if constexpr (std::is_same_v<T, float>) {
    return layer_norm_back_f32()(x, scale, dy, epsilon, dx, dscale, dbias, n);
  }
  auto [m, v] = statistics_of({1, 1, n}, x, 0);
  T inv = 1 / std::sqrt(v + static_cast<T>(epsilon));
  double g_sum = 0, gx_sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    T xhat = (x[i] - m) * inv;
    T g = dy[i] * scale[i];
    g_sum += static_cast<double>(g);
    gx_sum += static_cast<double>(g * xhat);
    dscale[i] += dy[i] * xhat;
    dbias[i] += dy[i];
  }
  T g_mean = static_cast<T>(g_sum / static_cast<double>(n)), gx_mean = static_cast<T>(gx_sum / static_cast<double>(n));
  for (int64_t i = 0; i < n; ++i) dx[i] = inv * (dy[i] * scale[i] - g_mean - (x[i] - m) * inv * gx_mean);
}

}  // namespace

int64_t layer_normalize_backward_scratch(int64_t size) { return 2 * kPartials * size; }

template <typename T>
void layer_normalize_backward(int64_t rows, int64_t size, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                              T* dscale, T* dbias, T* scratch, int threads) {
  std::fill_n(scratch, layer_normalize_backward_scratch(size), T{});
  int64_t grain = std::max<int64_t>(1, kGrain * kPartials / std::max<int64_t>(rows * size, 1));
  parallel_for(threads, kPartials, grain, [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p) {
      for (int64_t r = rows * p / kPartials; r < rows * (p + 1) / kPartials; ++r) {
        layer_row_backward(x + r * size, scale, dy + r * size, epsilon, dx + r * size, scratch + 2 * p * size,
                           scratch + (2 * p + 1) * size, size);
      }
    }
  });
  std::fill_n(dscale, size, T{});
  std::fill_n(dbias, size, T{});
  for (int64_t p = 0; p < kPartials; ++p) {
    for (int64_t i = 0; i < size; ++i) dscale[i] += scratch[2 * p * size + i];
    for (int64_t i = 0; i < size; ++i) dbias[i] += scratch[(2 * p + 1) * size + i];
  }
}

#define FOR_TYPE(T)                                                                                                  \
  template void batch_normalize(const ChannelShape&, const T*, const T*, const T*, const T*, const T*, float, T*,    \
                                int);                                                                                \
  template void batch_normalize_training(const ChannelShape&, const T*, const T*, const T*, float, T*, T*, T*, int); \
  template void batch_normalize_backward(const ChannelShape&, const T*, const T*, const T*, float, T*, T*, T*, int); \
  template void layer_normalize(int64_t, int64_t, const T*, const T*, const T*, float, T*, T*, T*, int);             \
  template void layer_normalize_backward(int64_t, int64_t, const T*, const T*, const T*, float, T*, T*, T*, T*, int);
FOR_TYPE(float)
FOR_TYPE(double)
#undef FOR_TYPE

}  // namespace slipway::kernels
