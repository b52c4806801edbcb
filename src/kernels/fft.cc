// The mixed-radix transform, decimating in time.
#include "kernels/fft.h"

#include <cmath>
#include <limits>
#include <memory>
#include <numbers>

#include "tensor/tensor.h"

namespace slipway::kernels {

template <typename T>
Fft<T>::Fft(int64_t n, bool inverse) : n_(n), inverse_(inverse) {
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  const auto count = static_cast<size_t>(n);
  memory_ = allocate_bytes(count > kMost / sizeof(Complex) ? kMost : count * sizeof(Complex));
  auto* roots = reinterpret_cast<Complex*>(memory_.get());
  roots_ = roots;
  int64_t rest = n;
  for (int64_t p : {4, 2, 3, 5}) {
    for (; rest % p == 0 && rest > 1; rest /= p) factors_.push_back(p);
  }
  for (int64_t p = 7; rest > 1; p += 2) {
    if (p * p > rest) p = rest;
    for (; rest % p == 0; rest /= p) factors_.push_back(p);
  }
  double angle = (inverse ? 2 : -2) * std::numbers::pi / static_cast<double>(n);
  for (int64_t k = 0; k < n; ++k) {
    double a = angle * static_cast<double>(k);
    std::construct_at(roots + k, static_cast<T>(std::cos(a)), static_cast<T>(std::sin(a)));
  }
}

template <typename T>
void Fft<T>::run(const Complex* x, int64_t step, Complex* y, Complex* scratch) const {
  transform(x, step, y, scratch, n_, 0);
  if (!inverse_) return;
  T share = T{1} / static_cast<T>(n_);
  for (int64_t k = 0; k < n_; ++k) y[k] *= share;
}

// The n elements of x become p interleaved parts, each transformed into its stretch of y, then joined.
template <typename T>
void Fft<T>::transform(const Complex* x, int64_t step, Complex* y, Complex* scratch, int64_t n, size_t factor) const {
  if (n == 1) {
    y[0] = x[0];
    return;
  }
  int64_t p = factors_[factor], m = n / p, root = n_ / n;
  for (int64_t i = 0; i < p; ++i) transform(x + i * step, step * p, y + i * m, scratch, m, factor + 1);
  for (int64_t k = 0; k < m; ++k) {
    for (int64_t i = 0; i < p; ++i) scratch[i] = y[i * m + k] * roots_[static_cast<size_t>(i * k * root)];
    if (p == 2) {
      y[k] = scratch[0] + scratch[1];
      y[k + m] = scratch[0] - scratch[1];
      continue;
    }
    if (p == 4) {
      Complex a = scratch[0] + scratch[2], b = scratch[0] - scratch[2], c = scratch[1] + scratch[3];
      Complex d = scratch[1] - scratch[3];
      d = inverse_ ? Complex(-d.imag(), d.real()) : Complex(d.imag(), -d.real());
      y[k] = a + c;
      y[k + m] = b + d;
      y[k + 2 * m] = a - c;
      y[k + 3 * m] = b - d;
      continue;
    }
    for (int64_t j = 0; j < p; ++j) {
      Complex sum = scratch[0];
      for (int64_t i = 1; i < p; ++i) sum += scratch[i] * roots_[static_cast<size_t>(i * j % p * m * root)];
      y[k + j * m] = sum;
    }
  }
}

template class Fft<float>;
template class Fft<double>;

}  // namespace slipway::kernels
