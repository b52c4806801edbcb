// The discrete Fourier transform of any length, by its prime factors.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace slipway::kernels {

// y[k] = Σ x[j] e^(∓2πi jk/n), with the sign + and the factor 1/n for the inverse. Frozen. T: float or double.
// J. Cooley, J. Tukey, "An algorithm for the machine calculation of complex Fourier series", 1965: n log n for lengths
// of small prime factors, n p for a factor p.
template <typename T>
class Fft {
 public:
  using Complex = std::complex<T>;

  Fft() = default;
  // Throws std::bad_alloc when its tables are more than a tensor may be: lengths come from files.
  Fft(int64_t n, bool inverse);

  int64_t size() const { return n_; }
  // x: elements `step` apart; y: [n], not x; scratch: [n].
  void run(const Complex* x, int64_t step, Complex* y, Complex* scratch) const;

 private:
  void transform(const Complex* x, int64_t step, Complex* y, Complex* scratch, int64_t n, size_t factor) const;

  int64_t n_ = 0;
  bool inverse_ = false;
  std::vector<int64_t> factors_;
  std::shared_ptr<std::byte> memory_;
  const Complex* roots_ = nullptr;  // [n] in memory_: e^(∓2πi k/n)
};

}  // namespace slipway::kernels
