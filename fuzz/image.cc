// Fuzz target: JPEG and PNG files. Whatever is accepted has its pixels and can be resized.
#include <cstdint>
#include <vector>

#include "decode/image_file.h"
#include "decode/image_resize.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::Result<slipway::Image> image = slipway::decode_image({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!image.ok()) return 0;
  CHECK(image->pixels.size() == static_cast<size_t>(image->width * image->height * 3), "pixels that do not fit");
  if (image->pixels.size() > 1 << 20) return 0;
  std::vector<uint8_t> small(8 * 8);
  slipway::resize_into(slipway::to_gray(*image), 8, 8, small);
  return 0;
}
