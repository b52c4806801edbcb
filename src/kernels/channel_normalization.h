// Batch normalization of x [rows, channels] while training, float32: all positions of a batch are rows, channels lie
// last. S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// Per channel: y = (x - mean) factor + bias, with factor = scale / sqrt(variance + epsilon).
struct ChannelAffine {
  const float* mean;
  const float* factor;
  const float* bias;
};

// Rows are taken in parts that their number tells, so that threads change no rounding.
struct ChannelRows {
  int64_t rows = 0, channels = 0;

  int64_t parts() const;
  // Doubles that channel_moments and channel_normalize_backward work in.
  int64_t scratch() const { return 2 * parts() * channels; }
};

// mean and (population) variance of each channel, each part of the rows around its own mean (T. Chan, G. Golub,
// R. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979).
void channel_moments(const ChannelRows& s, const float* x, float* mean, float* variance, double* scratch, int threads);

// y = the affine function of x, plus `addend` unless it is nullptr; `relu`: no less than 0. y may be x or addend.
void channel_normalize(const ChannelRows& s, const float* x, const ChannelAffine& f, const float* addend, bool relu,
                       float* y, int threads);

// With g = dy, or where `relu` dy at y > 0 and 0 elsewhere, xhat = (x - mean) inverse and n rows: dbias = Σ g,
// dscale = Σ g xhat, dx = factor (g - dbias / n - xhat dscale / n). inverse: 1 / sqrt(variance + epsilon), [channels].
// dx may be dy or x.
void channel_normalize_backward(const ChannelRows& s, const float* x, const float* dy, const ChannelAffine& f,
                                const float* inverse, bool relu, float* dx, float* dscale, float* dbias,
                                double* scratch, int threads);

}  // namespace slipway::kernels
