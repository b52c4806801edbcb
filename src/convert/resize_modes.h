// Which of TFLite's ways to resize an image gives what ONNX's Resize asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace slipway::convert {

// One dimension of a Resize.
struct ResizeAxis {
  int64_t in = 0;
  int64_t out = 0;
  double scale = 1;  // out / in as the node gives it
};

struct ResizeModes {
  bool linear = false;     // else nearest
  std::string coordinate;  // coordinate_transformation_mode
  std::string nearest;     // nearest_mode
};

struct TfliteResize {
  bool align_corners = false;
  bool half_pixel_centers = false;
  bool operator==(const TfliteResize&) const = default;
};

// The flags under which TFLite reads the same pixels along both dimensions, found by comparing where each output comes
// from; nullopt when there are none. Pure.
std::optional<TfliteResize> tflite_resize(const ResizeModes& modes, const ResizeAxis& height, const ResizeAxis& width);

}  // namespace slipway::convert
