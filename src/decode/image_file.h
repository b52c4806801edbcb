// Image files: JPEG (libjpeg) and PNG (libpng) to pixels.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway {

// Pixels row by row, the channels of one side by side: [height, width, channels].
struct Image {
  int64_t width = 0;
  int64_t height = 0;
  int64_t channels = 3;
  std::vector<uint8_t> pixels;
};

// Red, green and blue; gray files have three equal channels, transparent pixels lie on black, 16 bits become 8.
// Errors name `where`: neither format, damaged or cut short (also where the decoder would only warn), more than
// 2^26 pixels.
Result<Image> decode_image(std::string_view bytes, std::string_view where);

// Luma of red, green and blue (ITU-R BT.601): y = 0.299 r + 0.587 g + 0.114 b. Requires: 3 channels.
Image to_gray(const Image& image);

}  // namespace slipway
