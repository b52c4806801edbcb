// Resizing images: bilinear, every pixel of a larger image having its part in the smaller one.
#pragma once

#include <cstdint>
#include <span>

#include "decode/image_file.h"

namespace slipway {

// Writes [channels, height, width] into `to`. Weights along an axis with scale = size before / size after and
// s = max(scale, 1): w(i) = max(0, 1 - |(i + 0.5 - (o + 0.5) scale) / s|), normalized (Pillow's BILINEAR; PyTorch's
// interpolate with antialias). Requires: to.size() == channels * height * width, sizes above 0.
void resize_into(const Image& image, int64_t height, int64_t width, std::span<uint8_t> to);

}  // namespace slipway
