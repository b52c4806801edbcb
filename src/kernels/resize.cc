// Resampling along one dimension.
#include "kernels/resize.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;

// Where output element j lies in the input. R: what it is counted in.
template <typename R>
R coordinate(const ResizeRule& rule, const ResizeAxis& a, int64_t j) {
  constexpr R kHalf{0.5};
  const R x = static_cast<R>(j), in = static_cast<R>(a.in), scale = static_cast<R>(a.scale);
  const R start = static_cast<R>(a.roi_start), end = static_cast<R>(a.roi_end);
  // ONNX's reference counts the length before it is cut to an integer.
  const R out = in * scale;
  switch (rule.coordinates) {
    case Coordinates::half_pixel: return (x + kHalf) / scale - kHalf;
    case Coordinates::half_pixel_symmetric: {
      const R adjustment = static_cast<R>(a.out) / out;
      return in / 2 * (1 - adjustment) + (x + kHalf) / scale - kHalf;
    }
    case Coordinates::pytorch_half_pixel: return a.out > 1 ? (x + kHalf) / scale - kHalf : 0;
    case Coordinates::align_corners: return a.out > 1 ? x * (in - 1) / (out - 1) : 0;
    case Coordinates::asymmetric: return x / scale;
    case Coordinates::tf_half_pixel_for_nn: return (x + kHalf) / scale;
    case Coordinates::tf_crop_and_resize:
      if (a.out > 1) return start * (in - 1) + x * (end - start) * (in - 1) / (out - 1);
      return kHalf * (start + end) * (in - 1);
  }
  return x;
}

int64_t nearest(Rounding rounding, double x) {
  switch (rounding) {
    case Rounding::round_prefer_floor: return static_cast<int64_t>(std::ceil(x - 0.5));
    // ONNX Runtime takes what lies within 1e-6 below the middle for the middle: 9 at a scale of 1.2f is 7.4999995.
    case Rounding::round_prefer_ceil: return static_cast<int64_t>(std::floor(x + 0.5 + 1e-6));
    case Rounding::floor: return static_cast<int64_t>(std::floor(x));
    case Rounding::ceil: return static_cast<int64_t>(std::ceil(x));
  }
  return 0;
}

// Half the width of the interpolation's window, in input elements.
double radius(const ResizeRule& rule, double scale) {
  double base = rule.interpolation == Interpolation::cubic ? 2 : 1;
  return rule.antialias && scale < 1 ? base / scale : base;
}

// The window at distance d. Cubic: R. Keys 1981, "Cubic convolution interpolation for digital image processing".
double window(const ResizeRule& rule, double d) {
  d = std::abs(d);
  if (rule.interpolation == Interpolation::linear) return d < 1 ? 1 - d : 0;
  double a = rule.cubic_a;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return 0;
}

void make_row(const ResizeRule& rule, const ResizeAxis& a, double x, int64_t taps, int32_t* index, float* weight) {
  auto clamped = [&](int64_t i) { return static_cast<int32_t>(std::clamp<int64_t>(i, 0, a.in - 1)); };
  if (rule.interpolation == Interpolation::nearest) {
    index[0] = clamped(nearest(rule.rounding, x));
    weight[0] = 1;
    return;
  }
  double stretch = rule.antialias && a.scale < 1 ? a.scale : 1;
  int64_t first = static_cast<int64_t>(std::floor(x)) - taps / 2 + 1;
  double sum = 0;
  for (int64_t t = 0; t < taps; ++t) {
    double w = window(rule, (static_cast<double>(first + t) - x) * stretch);
    bool outside = first + t < 0 || first + t >= a.in;
    if (outside && rule.exclude_outside) w = 0;
    index[t] = clamped(first + t);
    weight[t] = static_cast<float>(w);
    sum += w;
  }
  bool normalize = rule.exclude_outside || stretch != 1;
  for (int64_t t = 0; normalize && sum != 0 && t < taps; ++t) weight[t] = static_cast<float>(weight[t] / sum);
}

}  // namespace

int64_t tap_count(const ResizeRule& rule, double scale) {
  if (rule.interpolation == Interpolation::nearest) return 1;
  return 2 * static_cast<int64_t>(std::ceil(radius(rule, scale)));
}

void make_taps(const ResizeRule& rule, const ResizeAxis& axis, const Taps& taps) {
  // Which element is the nearest is counted in float32, as ONNX Runtime and PyTorch do: 0.6f is a little more than 3 /
  // 5, and 3 / 0.6f is 5 only where the quotient is rounded as well.
  const bool whole = rule.interpolation == Interpolation::nearest;
  for (int64_t j = 0; j < axis.out; ++j) {
    double x = whole ? static_cast<double>(coordinate<float>(rule, axis, j)) : coordinate<double>(rule, axis, j);
    taps.outside[j] =
        rule.coordinates == Coordinates::tf_crop_and_resize && (x < 0 || x > static_cast<double>(axis.in - 1));
    x = std::isnan(x) ? 0 : std::clamp(x, -1e9, 1e9);
    make_row(rule, axis, x, taps.taps, taps.index + j * taps.taps, taps.weight + j * taps.taps);
  }
}

template <typename T>
void resize_axis(const Taps& taps, int64_t outer, int64_t in, int64_t out, int64_t inner, const T* x, T* y,
                 int threads) {
  int64_t grain = kGrain / std::max<int64_t>(inner * taps.taps, 1);
  parallel_for(threads, outer * out, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* from = x + row / out * in * inner;
      T* to = y + row * inner;
      const int32_t* index = taps.index + row % out * taps.taps;
      const float* weight = taps.weight + row % out * taps.taps;
      for (int64_t i = 0; i < inner; ++i) to[i] = weight[0] * from[index[0] * inner + i];
      for (int64_t t = 1; t < taps.taps; ++t) {
        const T* source = from + index[t] * inner;
        for (int64_t i = 0; i < inner; ++i) to[i] += weight[t] * source[i];
      }
    }
  });
}

template <typename T>
void resize_axis_grad(const Taps& taps, int64_t outer, int64_t in, int64_t out, int64_t inner, const T* dy, T* dx,
                      int threads) {
  int64_t grain = kGrain / std::max<int64_t>(out * inner * taps.taps, 1);
  parallel_for(threads, outer, grain, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      T* to = dx + o * in * inner;
      std::fill_n(to, in * inner, T{});
      for (int64_t k = 0; k < out * taps.taps; ++k) {
        const T* from = dy + (o * out + k / taps.taps) * inner;
        T* target = to + taps.index[k] * inner;
        for (int64_t i = 0; i < inner; ++i) target[i] += taps.weight[k] * from[i];
      }
    }
  });
}

template void resize_axis(const Taps&, int64_t, int64_t, int64_t, int64_t, const float*, float*, int);
template void resize_axis(const Taps&, int64_t, int64_t, int64_t, int64_t, const double*, double*, int);
template void resize_axis_grad(const Taps&, int64_t, int64_t, int64_t, int64_t, const float*, float*, int);
template void resize_axis_grad(const Taps&, int64_t, int64_t, int64_t, int64_t, const double*, double*, int);

}  // namespace slipway::kernels
