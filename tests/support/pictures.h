// Pictures for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slipway {

// A PNG file of these bytes, row by row. format: of libpng's, such as PNG_FORMAT_RGB; `colors` are those of a palette,
// three bytes each.
std::string png_bytes(uint32_t width, uint32_t height, uint32_t format, const std::vector<uint8_t>& pixels,
                      const std::vector<uint8_t>& colors = {});

}  // namespace slipway
