// PNG files through libpng's simplified writer.
#include "support/pictures.h"

#include <gtest/gtest.h>
#include <png.h>

namespace slipway {

std::string png_bytes(uint32_t width, uint32_t height, uint32_t format, const std::vector<uint8_t>& pixels,
                      const std::vector<uint8_t>& colors) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = width;
  png.height = height;
  png.format = format;
  png.colormap_entries = static_cast<uint32_t>(colors.size() / 3);
  png_alloc_size_t size = 0;
  EXPECT_TRUE(png_image_write_get_memory_size(png, size, 0, pixels.data(), 0, colors.data()));
  std::string bytes(size, '\0');
  EXPECT_TRUE(png_image_write_to_memory(&png, bytes.data(), &size, 0, pixels.data(), 0, colors.data()));
  return bytes;
}

}  // namespace slipway
