// Normalization over neighbouring channels. A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet Classification with Deep
// Convolutional Neural Networks", NeurIPS 2012.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// x: [batch, channels, size]. The window of channel c is c - (window - 1) / 2 .. c + window / 2, cut at the borders.
struct LocalResponse {
  int64_t batch = 0, channels = 0, size = 0, window = 1;
  double alpha = 1e-4, beta = 0.75, bias = 1;
};

// y = x s^-beta with s = bias + alpha / window * (sum of x² over the window).
template <typename T>
void local_response(const LocalResponse& l, const T* x, T* y, int threads);

// dx = dy s^-beta - 2 alpha beta / window * x * (sum of dy x s^(-beta - 1) over the channels whose window holds c)
template <typename T>
void local_response_backward(const LocalResponse& l, const T* x, const T* dy, T* dx);

}  // namespace slipway::kernels
