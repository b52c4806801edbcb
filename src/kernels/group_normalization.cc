// Group and root-mean-square normalization loops.
#include "kernels/group_normalization.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;  // elements a thread should have at least

int64_t grain_of(int64_t elements_each) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(elements_each, 1)); }

struct Moments {
  double mean, inverse;  // inverse: 1 / sqrt(variance + epsilon)
};

// A mean as the sum of two T: far from zero one alone would be off by more than the deviations.
template <typename T>
struct Centre {
  explicit Centre(double mean) : high(static_cast<T>(mean)), low(static_cast<T>(mean - static_cast<double>(high))) {}
  T operator()(T x) const { return (x - high) - low; }
  T high, low;
};

template <typename T>
Moments moments_of(const T* x, int64_t n, float epsilon) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
  double mean = sum / static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) {
    double gap = static_cast<double>(x[i]) - mean;
    squares += gap * gap;
  }
  return {mean, 1 / std::sqrt(squares / static_cast<double>(n) + static_cast<double>(epsilon))};
}

template <typename T>
T inverse_rms(const T* x, int64_t n, float epsilon) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return static_cast<T>(1 / std::sqrt(squares / static_cast<double>(n) + static_cast<double>(epsilon)));
}

}  // namespace

template <typename T>
void group_normalize(const GroupShape& s, const T* x, const T* scale, const T* bias, float epsilon, T* y, int threads) {
  int64_t each = s.channels / s.groups, n = each * s.size;
  parallel_for(threads, s.batch * s.groups, grain_of(n), [&](int64_t first, int64_t last) {
    for (int64_t group = first; group < last; ++group) {
      Moments m = moments_of(x + group * n, n, epsilon);
      for (int64_t k = 0; k < each; ++k) {
        int64_t c = group % s.groups * each + k, at = group * n + k * s.size;
        const T a = static_cast<T>(m.inverse) * scale[c], b = bias[c];
        const Centre<T> centred(m.mean);
        for (int64_t i = at; i < at + s.size; ++i) y[i] = centred(x[i]) * a + b;
      }
    }
  });
}

template <typename T>
void group_normalize_backward(const GroupShape& s, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                              T* dscale, T* dbias) {
  int64_t each = s.channels / s.groups, n = each * s.size;
  std::fill_n(dscale, s.channels, T{});
  std::fill_n(dbias, s.channels, T{});
  for (int64_t group = 0; group < s.batch * s.groups; ++group) {
    Moments m = moments_of(x + group * n, n, epsilon);
    const Centre<T> centred(m.mean);
    const T inverse = static_cast<T>(m.inverse);
    double g_sum = 0, gx_sum = 0;
    for (int64_t k = 0; k < each; ++k) {
      int64_t c = group % s.groups * each + k, at = group * n + k * s.size;
      double db = 0, ds = 0;
      for (int64_t i = at; i < at + s.size; ++i) {
        db += static_cast<double>(dy[i]);
        ds += static_cast<double>(dy[i] * centred(x[i]) * inverse);
      }
      dbias[c] += static_cast<T>(db);
      dscale[c] += static_cast<T>(ds);
      g_sum += db * static_cast<double>(scale[c]);
      gx_sum += ds * static_cast<double>(scale[c]);
    }
    T g_mean = static_cast<T>(g_sum / static_cast<double>(n)),
      gx_mean = static_cast<T>(gx_sum / static_cast<double>(n));
    for (int64_t i = 0; i < n; ++i) {
      int64_t c = group % s.groups * each + i / s.size, at = group * n + i;
      dx[at] = inverse * (dy[at] * scale[c] - g_mean - centred(x[at]) * inverse * gx_mean);
    }
  }
}

template <typename T>
void rms_normalize(int64_t rows, int64_t size, const T* x, const T* scale, float epsilon, T* y, int threads) {
  parallel_for(threads, rows, grain_of(size), [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      T inverse = inverse_rms(x + r * size, size, epsilon);
      for (int64_t i = 0; i < size; ++i) y[r * size + i] = x[r * size + i] * inverse * scale[i];
    }
  });
}

template <typename T>
void rms_normalize_backward(int64_t rows, int64_t size, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                            T* dscale) {
  std::fill_n(dscale, size, T{});
  for (int64_t r = 0; r < rows; ++r) {
    const T *xr = x + r * size, *dyr = dy + r * size;
    T inverse = inverse_rms(xr, size, epsilon);
    double gx_sum = 0;
    for (int64_t i = 0; i < size; ++i) {
      T xhat = xr[i] * inverse;
      gx_sum += static_cast<double>(dyr[i] * scale[i] * xhat);
      dscale[i] += dyr[i] * xhat;
    }
    T gx_mean = static_cast<T>(gx_sum / static_cast<double>(size));
    for (int64_t i = 0; i < size; ++i) dx[r * size + i] = inverse * (dyr[i] * scale[i] - xr[i] * inverse * gx_mean);
  }
}

#define FOR_TYPE(T)                                                                                           \
  template void group_normalize(const GroupShape&, const T*, const T*, const T*, float, T*, int);             \
  template void group_normalize_backward(const GroupShape&, const T*, const T*, const T*, float, T*, T*, T*); \
  template void rms_normalize(int64_t, int64_t, const T*, const T*, float, T*, int);                          \
  template void rms_normalize_backward(int64_t, int64_t, const T*, const T*, const T*, float, T*, T*);
FOR_TYPE(float)
FOR_TYPE(double)
#undef FOR_TYPE

}  // namespace slipway::kernels
