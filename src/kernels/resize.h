// Resampling along one dimension at a time: each output element is a weighted sum of a few input elements.
//
// Source: ONNX Resize-19. Coordinates and weights are made by make_taps(); interpolation over several dimensions is the
// product of its dimensions' weights, so the dimensions are taken one after the other.
#pragma once

#include <cstdint>

namespace slipway::kernels {

enum class Interpolation : uint8_t { nearest, linear, cubic };
enum class Coordinates : uint8_t {
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  align_corners,
  asymmetric,
  tf_half_pixel_for_nn,
  tf_crop_and_resize
};
enum class Rounding : uint8_t { round_prefer_floor, round_prefer_ceil, floor, ceil };

struct ResizeRule {
  Interpolation interpolation = Interpolation::nearest;
  Coordinates coordinates = Coordinates::half_pixel;
  Rounding rounding = Rounding::round_prefer_floor;
  float cubic_a = -0.75f;
  bool exclude_outside = false;
  bool antialias = false;
};

// One dimension: `in` elements become `out`, nominally in * scale; roi is for tf_crop_and_resize.
struct ResizeAxis {
  int64_t in = 1, out = 1;
  double scale = 1;
  double roi_start = 0, roi_end = 1;
};

// Input elements that one output element can read.
int64_t tap_count(const ResizeRule& rule, double scale);

// index and weight: [out, taps]. outside[j] tells that j's coordinate lies outside the input (tf_crop_and_resize).
struct Taps {
  int64_t taps;
  int32_t* index;
  float* weight;
  uint8_t* outside;
};
void make_taps(const ResizeRule& rule, const ResizeAxis& axis, const Taps& taps);

// x: [outer, in, inner], y: [outer, out, inner]: y[o, j] = sum_t weight[j, t] x[o, index[j, t]]
// T: float or double.
template <typename T>
void resize_axis(const Taps& taps, int64_t outer, int64_t in, int64_t out, int64_t inner, const T* x, T* y,
                 int threads);
// The transposed map: dx = 0; dx[o, index[j, t]] += weight[j, t] dy[o, j]
template <typename T>
void resize_axis_grad(const Taps& taps, int64_t outer, int64_t in, int64_t out, int64_t inner, const T* dy, T* dx,
                      int threads);

}  // namespace slipway::kernels
