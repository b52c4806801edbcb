// Normalization over neighbouring channels.
#include "kernels/local_response.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kBlock = 256;  // positions at a time

// s of channel c at positions [at, at + n) of one batch element x [channels, size].
template <typename T>
void sums(const LocalResponse& l, const T* x, int64_t c, int64_t at, int64_t n, double* s) {
  std::fill_n(s, n, 0.0);
  int64_t first = std::max<int64_t>(c - (l.window - 1) / 2, 0), last = std::min(c + l.window / 2, l.channels - 1);
  for (int64_t k = first; k <= last; ++k) {
    const T* row = x + k * l.size + at;
    for (int64_t i = 0; i < n; ++i) s[i] += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  }
  for (int64_t i = 0; i < n; ++i) s[i] = l.bias + l.alpha / static_cast<double>(l.window) * s[i];
}

// s^-beta; the common 3/4 by square roots.
double power(double s, double beta) {
  if (beta == 0.75) return 1 / (std::sqrt(s) * std::sqrt(std::sqrt(s)));
  return std::pow(s, -beta);
}

}  // namespace

template <typename T>
void local_response(const LocalResponse& l, const T* x, T* y, int threads) {
  int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(l.size, 1));
  parallel_for(threads, l.batch * l.channels, grain, [&](int64_t begin, int64_t end) {
    std::array<double, kBlock> s;
    for (int64_t plane = begin; plane < end; ++plane) {
      int64_t element = plane / l.channels * l.channels * l.size;
      for (int64_t at = 0; at < l.size; at += kBlock) {
        int64_t n = std::min(kBlock, l.size - at), base = plane * l.size + at;
        sums(l, x + element, plane % l.channels, at, n, s.data());
        for (int64_t i = 0; i < n; ++i) {
          y[base + i] = static_cast<T>(static_cast<double>(x[base + i]) * power(s[static_cast<size_t>(i)], l.beta));
        }
      }
    }
  });
}

template <typename T>
void local_response_backward(const LocalResponse& l, const T* x, const T* dy, T* dx) {
  std::array<double, kBlock> s;
  double factor = 2 * l.alpha * l.beta / static_cast<double>(l.window);
  for (int64_t batch = 0; batch < l.batch; ++batch) {
    const T *xb = x + batch * l.channels * l.size, *dyb = dy + batch * l.channels * l.size;
    T* dxb = dx + batch * l.channels * l.size;
    std::fill_n(dxb, l.channels * l.size, T{});
    for (int64_t at = 0; at < l.size; at += kBlock) {
      int64_t n = std::min(kBlock, l.size - at);
      for (int64_t c = 0; c < l.channels; ++c) {
        sums(l, xb, c, at, n, s.data());
        int64_t first = std::max<int64_t>(c - (l.window - 1) / 2, 0), last = std::min(c + l.window / 2, l.channels - 1);
        for (int64_t i = 0; i < n; ++i) {
          int64_t here = c * l.size + at + i;
          double scale = power(s[static_cast<size_t>(i)], l.beta), d = static_cast<double>(dyb[here]);
          double share = factor * d * static_cast<double>(xb[here]) * scale / s[static_cast<size_t>(i)];
          dxb[here] += static_cast<T>(d * scale);
          for (int64_t k = first; k <= last; ++k) {
            int64_t there = k * l.size + at + i;
            dxb[there] -= static_cast<T>(share * static_cast<double>(xb[there]));
          }
        }
      }
    }
  }
}

template void local_response(const LocalResponse&, const float*, float*, int);
template void local_response(const LocalResponse&, const double*, double*, int);
template void local_response_backward(const LocalResponse&, const float*, const float*, float*);
template void local_response_backward(const LocalResponse&, const double*, const double*, double*);

}  // namespace slipway::kernels
