// Coordinates of ONNX's Resize (onnx/docs/Operators.md) and of TFLite's RESIZE_* (reference_ops.h), compared.
#include "convert/resize_modes.h"

#include <algorithm>
#include <cmath>

namespace slipway::convert {

namespace {

constexpr double kSame = 1e-5;  // of a pixel

// Where output y reads, before rounding or clamping; NaN for a mode that has no such form.
double onnx_coordinate(const std::string& mode, const ResizeAxis& axis, int64_t y) {
  auto at = static_cast<double>(y);
  if (mode == "asymmetric") return at / axis.scale;
  if (mode == "align_corners") {
    return axis.out == 1 ? 0 : at * static_cast<double>(axis.in - 1) / static_cast<double>(axis.out - 1);
  }
  if (mode == "half_pixel") return (at + 0.5) / axis.scale - 0.5;
  if (mode == "pytorch_half_pixel") return axis.out > 1 ? (at + 0.5) / axis.scale - 0.5 : 0;
  return NAN;
}

double onnx_nearest(const std::string& mode, double x) {
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  if (mode == "round_prefer_ceil") return std::floor(x + 0.5);
  return std::ceil(x - 0.5);  // round_prefer_floor
}

double tflite_scale(const TfliteResize& flags, const ResizeAxis& axis) {
  if (flags.align_corners && axis.out > 1) return static_cast<double>(axis.in - 1) / static_cast<double>(axis.out - 1);
  return static_cast<double>(axis.in) / static_cast<double>(axis.out);
}

double tflite_linear(const TfliteResize& flags, const ResizeAxis& axis, int64_t y) {
  double scale = tflite_scale(flags, axis);
  return flags.half_pixel_centers ? (static_cast<double>(y) + 0.5) * scale - 0.5 : static_cast<double>(y) * scale;
}

double tflite_nearest(const TfliteResize& flags, const ResizeAxis& axis, int64_t y) {
  double x = (static_cast<double>(y) + (flags.half_pixel_centers ? 0.5 : 0)) * tflite_scale(flags, axis);
  return flags.align_corners ? std::round(x) : std::floor(x);
}

bool same(const ResizeModes& modes, const ResizeAxis& axis, const TfliteResize& flags) {
  auto inside = [&](double x) { return std::clamp(x, 0.0, static_cast<double>(axis.in - 1)); };
  for (int64_t y = 0; y < axis.out; ++y) {
    double ours = onnx_coordinate(modes.coordinate, axis, y);
    if (std::isnan(ours)) return false;
    double theirs = modes.linear ? tflite_linear(flags, axis, y) : tflite_nearest(flags, axis, y);
    if (!modes.linear) ours = onnx_nearest(modes.nearest, ours);
    if (std::abs(inside(ours) - inside(theirs)) > kSame) return false;
  }
  return true;
}

}  // namespace

std::optional<TfliteResize> tflite_resize(const ResizeModes& modes, const ResizeAxis& height, const ResizeAxis& width) {
  for (TfliteResize flags : {TfliteResize{false, false}, TfliteResize{false, true}, TfliteResize{true, false}}) {
    if (same(modes, height, flags) && same(modes, width, flags)) return flags;
  }
  return std::nullopt;
}

}  // namespace slipway::convert
