// Fourier transform, mel filters, cosine transform.
#include "decode/spectrum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace slipway {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kHertzPerMel = 200.0 / 3;        // Slaney, below the bend
constexpr double kBend = 1000;                    // Hz
constexpr double kLogStep = 0.06875177742094912;  // ln(6.4) / 27, Slaney, above the bend

}  // namespace

void fourier_transform(std::span<std::complex<double>> x) {
  size_t n = x.size();
  CHECK(std::has_single_bit(n), "a transform of a power of two points");
  for (size_t i = 1, j = 0; i < n; ++i) {
    size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (size_t size = 2; size <= n; size *= 2) {
    std::complex<double> step = std::polar(1.0, -2 * kPi / static_cast<double>(size));
    std::complex<double> turn = 1;
    for (size_t k = 0; k < size / 2; ++k, turn *= step) {
      for (size_t begin = k; begin < n; begin += size) {
        std::complex<double> odd = turn * x[begin + size / 2];
        x[begin + size / 2] = x[begin] - odd;
        x[begin] += odd;
      }
    }
  }
}

double hertz_to_mel(double hertz, MelScale scale) {
  if (scale == MelScale::htk) return 2595 * std::log10(1 + hertz / 700);
  return hertz < kBend ? hertz / kHertzPerMel : kBend / kHertzPerMel + std::log(hertz / kBend) / kLogStep;
}

double mel_to_hertz(double mel, MelScale scale) {
  if (scale == MelScale::htk) return 700 * (std::pow(10, mel / 2595) - 1);
  double bend = kBend / kHertzPerMel;
  return mel < bend ? mel * kHertzPerMel : kBend * std::exp(kLogStep * (mel - bend));
}

Status check(const SpectrumOptions& o) {
  auto wrong = [](std::string_view key, std::string_view expected, auto found) {
    return invalid(fmt::format("{}: expected {}, found {}", key, expected, found));
  };
  if (o.rate < 1 || o.rate > 1000000) return wrong("sample_rate", "1 to 1000000 samples a second", o.rate);
  if (o.fft < 2 || o.fft > 65536 || !std::has_single_bit(static_cast<uint64_t>(o.fft))) {
    return wrong("fft", "a power of two up to 65536", o.fft);
  }
  if (o.window < 1 || o.window > o.fft) return wrong("window", fmt::format("1 to {} samples, as fft", o.fft), o.window);
  if (o.hop < 1) return wrong("hop", "at least 1 sample", o.hop);
  if (o.mels < 1 || o.mels > 1024) return wrong("mels", "1 to 1024 bands", o.mels);
  if (o.coefficients < 0 || o.coefficients > o.mels) {
    return wrong("coefficients", fmt::format("1 to {} of the mels", o.mels), o.coefficients);
  }
  double half = static_cast<double>(o.rate) / 2;
  double high = o.high > 0 ? o.high : half;
  if (!(o.low >= 0 && o.low < high)) return wrong("low", fmt::format("0 to {} Hz", high), o.low);
  if (!(high <= half)) return wrong("high", fmt::format("up to {} Hz, half the rate", half), high);
  return {};
}

std::vector<float> mel_filters(const SpectrumOptions& o) {
  auto bins = static_cast<size_t>(o.fft / 2 + 1);
  auto mels = static_cast<size_t>(o.mels);
  double low = hertz_to_mel(o.low, o.scale);
  double high = hertz_to_mel(o.high > 0 ? o.high : static_cast<double>(o.rate) / 2, o.scale);
  std::vector<double> edges(mels + 2);
  for (size_t i = 0; i < edges.size(); ++i) {
    edges[i] = mel_to_hertz(low + (high - low) * static_cast<double>(i) / static_cast<double>(mels + 1), o.scale);
  }
  std::vector<float> filters(mels * bins);
  for (size_t m = 0; m < mels; ++m) {
    double area = 2 / (edges[m + 2] - edges[m]);
    for (size_t k = 0; k < bins; ++k) {
      double hertz = static_cast<double>(k) * static_cast<double>(o.rate) / static_cast<double>(o.fft);
      double rise = (hertz - edges[m]) / (edges[m + 1] - edges[m]);
      double fall = (edges[m + 2] - hertz) / (edges[m + 2] - edges[m + 1]);
      filters[m * bins + k] = static_cast<float>(area * std::max(0.0, std::min(rise, fall)));
    }
  }
  return filters;
}

Spectrum::Spectrum(const SpectrumOptions& options) : options_(options), filters_(mel_filters(options)) {
  CHECK(check(options).ok(), "options of a spectrum that were never checked");
  for (int64_t i = 0; i < options.window; ++i) {
    window_.push_back(0.5 - 0.5 * std::cos(2 * kPi * static_cast<double>(i) / static_cast<double>(options.window)));
  }
  auto mels = static_cast<double>(options.mels);
  for (int64_t k = 0; k < options.coefficients; ++k) {
    for (int64_t m = 0; m < options.mels; ++m) {
      double cosine = std::cos(kPi * static_cast<double>(k * (2 * m + 1)) / (2 * mels));
      cosines_.push_back(static_cast<float>(std::sqrt((k == 0 ? 1 : 2) / mels) * cosine));
    }
  }
}

// The window lies in the middle of the transform's points.
void Spectrum::frame_power(std::span<const float> samples, int64_t frame, std::vector<std::complex<double>>& work,
                           std::vector<float>& power) const {
  std::ranges::fill(work, 0.0);
  int64_t margin = (options_.fft - options_.window) / 2;
  int64_t begin = frame * options_.hop - options_.fft / 2 + margin;
  for (int64_t i = 0; i < options_.window; ++i) {
    int64_t at = begin + i;
    if (at < 0 || at >= static_cast<int64_t>(samples.size())) continue;
    work[static_cast<size_t>(margin + i)] =
        window_[static_cast<size_t>(i)] * static_cast<double>(samples[static_cast<size_t>(at)]);
  }
  fourier_transform(work);
  for (size_t k = 0; k < power.size(); ++k) power[k] = static_cast<float>(std::norm(work[k]));
}

void Spectrum::compute(std::span<const float> samples, std::span<float> to) const {
  auto count = static_cast<size_t>(frames(static_cast<int64_t>(samples.size())));
  CHECK(to.size() == count * static_cast<size_t>(rows()), "room for another spectrum");
  std::vector<std::complex<double>> work(static_cast<size_t>(options_.fft));
  std::vector<float> power(work.size() / 2 + 1), bands(static_cast<size_t>(options_.mels));
  for (size_t frame = 0; frame < count; ++frame) {
    frame_power(samples, static_cast<int64_t>(frame), work, power);
    for (size_t m = 0; m < bands.size(); ++m) {
      float sum = 0;
      for (size_t k = 0; k < power.size(); ++k) sum += filters_[m * power.size() + k] * power[k];
      bands[m] = 10 * std::log10(std::max(1e-10f, sum));
    }
    if (options_.coefficients == 0) {
      for (size_t m = 0; m < bands.size(); ++m) to[m * count + frame] = bands[m];
      continue;
    }
    for (size_t k = 0; k < static_cast<size_t>(options_.coefficients); ++k) {
      float sum = 0;
      for (size_t m = 0; m < bands.size(); ++m) sum += cosines_[k * bands.size() + m] * bands[m];
      to[k * count + frame] = sum;
    }
  }
}

}  // namespace slipway
