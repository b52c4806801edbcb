// Sizes and roundings of convolutions of bytes.
#include "kernels/byte_conv.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "kernels/byte_conv_rows.h"

namespace slipway::kernels {

namespace {

struct Weights {
  int64_t sum = 0, absolute = 0;
};

Weights sum_of(const RequantizedConvSpec& spec, int64_t o) {
  const int64_t each = element_count(spec.conv.w) / spec.conv.w[0];
  Weights sums;
  for (int8_t w :
       spec.conv.constant_w->data<int8_t>().subspan(static_cast<size_t>(o * each), static_cast<size_t>(each))) {
    sums.sum += w;
    sums.absolute += std::abs(w);
  }
  return sums;
}

// Whether sums fit int32, before and after they are scaled.
bool sums_fit(const RequantizedConvSpec& spec) {
  constexpr double kGreatest = 2e9;
  const std::vector<float> bias = bias_of_raw_sums(spec);
  for (size_t o = 0; o < bias.size(); ++o) {
    const double most = 255.0 * static_cast<double>(sum_of(spec, static_cast<int64_t>(o)).absolute);
    const double scaled = most * static_cast<double>(spec.scale[o]) + std::abs(static_cast<double>(bias[o]));
    if (!(most < kGreatest && scaled < kGreatest)) return false;
  }
  return true;
}

}  // namespace

std::optional<ByteConvShape> byte_conv_shape(const RequantizedConvSpec& spec) {
  const Int8ConvSpec& c = spec.conv;
  const size_t spatial = c.x.size() - 2;
  if (spatial > 2 || c.x_dtype != DType::u8 || spec.y != DType::u8 || !multiplies_bytes()) return std::nullopt;
  auto size = [&](const Shape& shape, size_t i, int64_t otherwise) {  // of spatial dimension i of two
    return spatial == 2 ? shape[i] : i == 1 ? shape[0] : otherwise;
  };
  auto inner = [&](const Shape& shape, size_t i) { return size({shape.begin() + 2, shape.end()}, i, 1); };
  ByteConvShape s = {.n = c.x[0], .h = inner(c.x, 0), .w = inner(c.x, 1), .c = c.x[1]};
  s.oh = inner(c.y, 0), s.ow = inner(c.y, 1), s.o = c.y[1];
  s.kh = inner(c.w, 0), s.kw = inner(c.w, 1);
  s.sy = size(c.strides, 0, 1), s.sx = size(c.strides, 1, 1);
  s.dy = size(c.dilations, 0, 1), s.dx = size(c.dilations, 1, 1);
  s.top = size(c.pads_begin, 0, 0), s.left = size(c.pads_begin, 1, 0);
  for (size_t i = 0; i < spatial; ++i) s.padded |= c.pads_begin[i] != 0 || c.pads_end[i] != 0;
  if (s.top < 0 || s.left < 0 || element_count(c.w) == 0 || element_count(c.y) == 0 || !sums_fit(spec)) {
    return std::nullopt;
  }
  return s;
}

std::vector<float> bias_of_raw_sums(const RequantizedConvSpec& spec) {
  std::vector<float> bias(spec.bias.begin(), spec.bias.end());
  for (size_t o = 0; o < bias.size(); ++o) {
    const auto zero = static_cast<double>(spec.x_zero * sum_of(spec, static_cast<int64_t>(o)).sum);
    bias[o] = static_cast<float>(static_cast<double>(bias[o]) - static_cast<double>(spec.scale[o]) * zero);
  }
  return bias;
}

}  // namespace slipway::kernels
