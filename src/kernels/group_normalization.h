// Group and root-mean-square normalization. Statistics are summed in double.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// x: [batch, channels, size], normalized over runs of channels / groups channels of one batch element.
// scale, bias: [channels].
struct GroupShape {
  int64_t batch = 0, channels = 0, size = 0, groups = 1;
};

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias. Y. Wu, K. He, "Group Normalization", ECCV 2018.
template <typename T>
void group_normalize(const GroupShape& s, const T* x, const T* scale, const T* bias, float epsilon, T* y, int threads);

// dx = inv (g - mean(g) - xhat mean(g xhat)) with g = dy scale over each group; dscale = Σ dy xhat, dbias = Σ dy over
// batch and positions.
template <typename T>
void group_normalize_backward(const GroupShape& s, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                              T* dscale, T* dbias);

// Rows of `size`: y = x / sqrt(mean(x²) + epsilon) * scale; scale [size]. B. Zhang, R. Sennrich, "Root Mean Square
// Layer Normalization", NeurIPS 2019.
template <typename T>
void rms_normalize(int64_t rows, int64_t size, const T* x, const T* scale, float epsilon, T* y, int threads);

// dx = inv (g - xhat mean(g xhat)) with g = dy scale; dscale = Σ dy xhat over rows.
template <typename T>
void rms_normalize_backward(int64_t rows, int64_t size, const T* x, const T* scale, const T* dy, float epsilon, T* dx,
                            T* dscale);

}  // namespace slipway::kernels
