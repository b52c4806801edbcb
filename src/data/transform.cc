// Corruptions, element by element.
#include "data/transform.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace slipway {

namespace {

// f(x, low, high) of every element, clipped; uint8 results are rounded.
template <typename T, typename F>
Tensor map_elements(const Tensor& x, float low, float high, F f) {
  Tensor y(x.dtype(), x.shape());
  std::transform(x.data<T>().begin(), x.data<T>().end(), y.mutable_data<T>().begin(), [&](T v) {
    float changed = std::clamp(f(static_cast<float>(v), low, high), low, high);
    return static_cast<T>(std::is_integral_v<T> ? std::round(changed) : changed);
  });
  return y;
}

template <typename F>
Tensor map(const Tensor& x, ValueRange range, F f) {
  return x.dtype() == DType::u8 ? map_elements<uint8_t>(x, 0, 255, f)
                                : map_elements<float>(x, range.low, range.high, f);
}

}  // namespace

Tensor inverted(const Tensor& x, ValueRange range) {
  return map(x, range, [](float v, float low, float high) { return low + high - v; });
}

Tensor noisy(const Tensor& x, float deviation, uint64_t seed, ValueRange range) {
  Random random(seed);
  return map(x, range, [&](float v, float low, float high) {
    return v + deviation * (high - low) * static_cast<float>(random.normal());
  });
}

Tensor brightened(const Tensor& x, float shift, ValueRange range) {
  return map(x, range, [=](float v, float low, float high) { return v + shift * (high - low); });
}

}  // namespace slipway
