// Batch and layer normalization. Statistics are summed in double, of float32 rows by blocks.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// x: [batch, channels, size]. Pointers of parameters: [channels].
struct ChannelShape {
  int64_t batch = 0, channels = 0, size = 0;
};

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias
template <typename T>
void batch_normalize(const ChannelShape& s, const T* x, const T* scale, const T* bias, const T* mean, const T* variance,
                     float epsilon, T* y, int threads);

// The same with mean and (population) variance of each channel over batch and positions, which are outputs.
template <typename T>
void batch_normalize_training(const ChannelShape& s, const T* x, const T* scale, const T* bias, float epsilon, T* y,
                              T* mean, T* variance, int threads);

// With xhat = (x - mean) / sqrt(variance + epsilon) and n = batch * size:
// dbias = Σ dy, dscale = Σ dy xhat, dx = scale / sqrt(variance + epsilon) * (dy - dbias / n - xhat * dscale / n).
// S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015. mean and variance are the batch's own.
template <typename T>
void batch_normalize_backward(const ChannelShape& s, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                              T* dscale, T* dbias, int threads);

// Rows of `size`: y = (x - mean) / sqrt(variance + epsilon) * scale + bias; scale, bias [size], bias may be nullptr.
// mean and inverse deviation of each row are stored where the pointers are given.
template <typename T>
void layer_normalize(int64_t rows, int64_t size, const T* x, const T* scale, const T* bias, float epsilon, T* y,
                     T* mean, T* inverse, int threads);

// dx = inv (g - mean(g) - xhat mean(g xhat)) with g = dy scale; dscale = Σ dy xhat, dbias = Σ dy over rows.
// J. Ba, J. Kiros, G. Hinton, "Layer Normalization", 2016.
template <typename T>
void layer_normalize_backward(int64_t rows, int64_t size, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                              T* dscale, T* dbias, T* scratch, int threads);
// Elements of its `scratch`.
int64_t layer_normalize_backward_scratch(int64_t size);

}  // namespace slipway::kernels
