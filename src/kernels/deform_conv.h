// Convolution whose taps are moved by offsets that the network computes. J. Dai et al., "Deformable Convolutional
// Networks", ICCV 2017; X. Zhu et al., "Deformable ConvNets v2", CVPR 2019 (the mask).
#pragma once

#include <array>
#include <cstdint>

namespace slipway::kernels {

// One image. x: [channels, height, width]; y has out[0] * out[1] positions.
struct DeformSpec {
  int64_t channels = 0, offset_groups = 1;
  std::array<int64_t, 2> size{}, kernel{}, out{}, strides{1, 1}, dilations{1, 1}, pads{};
};

// Columns of channels [first, first + count): [count, kernel[0], kernel[1], out[0], out[1]], each the element of x at
// its tap's place moved by the offset, between elements linearly and 0 outside, times the mask.
// offset: [offset_groups, kernel[0], kernel[1], 2, out[0], out[1]]; mask: the same without the 2, or nullptr for ones.
template <typename T>
void deform_columns(const DeformSpec& s, int64_t first, int64_t count, const T* x, const T* offset, const T* mask,
                    T* columns, int threads);

}  // namespace slipway::kernels
