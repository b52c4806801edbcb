// Spectrum: what is heard in a sound over time: log-mel spectrograms and MFCCs, as librosa defines them.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"

namespace slipway {

// Discrete Fourier transform in place: X[k] = sum x[n] exp(-2 pi i k n / N) (J. Cooley, J. Tukey, 1965).
// Requires: a power of two elements.
void fourier_transform(std::span<std::complex<double>> x);

enum class MelScale {
  slaney,  // linear below 1000 Hz, 15 mels, then a logarithm (M. Slaney, "Auditory Toolbox", 1998): librosa's default
  htk,     // 2595 log10(1 + f / 700) (S. Young et al., "The HTK Book")
};
double hertz_to_mel(double hertz, MelScale scale);
double mel_to_hertz(double mel, MelScale scale);

struct SpectrumOptions {
  int64_t rate = 16000;
  int64_t fft = 512;     // points of a transform, a power of two
  int64_t window = 400;  // samples under the (periodic) Hann window, at most fft
  int64_t hop = 160;     // samples from one frame to the next
  int64_t mels = 40;
  double low = 0;   // Hz
  double high = 0;  // Hz; 0: half the rate
  MelScale scale = MelScale::slaney;
  int64_t coefficients = 0;  // of the MFCC; 0: the log-mel spectrogram itself
};

// An error (no place named) for an option out of range.
Status check(const SpectrumOptions& options);

// Triangles of equal area over the bins of a power spectrum, [mels, fft / 2 + 1] (librosa.filters.mel, norm "slaney").
std::vector<float> mel_filters(const SpectrumOptions& options);

// Prepared once for a kind of spectrum. Thread-safe.
class Spectrum {
 public:
  // Requires: check(options).ok().
  explicit Spectrum(const SpectrumOptions& options);

  int64_t rows() const { return options_.coefficients > 0 ? options_.coefficients : options_.mels; }
  // Frame t is centered at sample t * hop, silence around the sound.
  int64_t frames(int64_t samples) const { return 1 + samples / options_.hop; }

  // Writes [rows, frames] into `to`: S = 10 log10(max(1e-10, filters |X|^2)), or of that the orthonormal DCT-II
  // c[k] = s(k) sum S[m] cos(pi k (2 m + 1) / (2 M)), s(0) = sqrt(1 / M), else sqrt(2 / M) (librosa.feature.mfcc).
  void compute(std::span<const float> samples, std::span<float> to) const;

 private:
  void frame_power(std::span<const float> samples, int64_t frame, std::vector<std::complex<double>>& work,
                   std::vector<float>& power) const;

  SpectrumOptions options_;
  std::vector<float> filters_;  // [mels, bins]
  std::vector<double> window_;  // [window]
  std::vector<float> cosines_;  // [coefficients, mels]
};

}  // namespace slipway
