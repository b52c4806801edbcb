// Convolutions from uint8 to uint8, channels last, by our own loops (byte_conv_rows.h).
#pragma once

#include <optional>
#include <vector>

#include "kernels/int8.h"

namespace slipway::kernels {

// Each is nullptr where the shape is another or the processor does not multiply bytes. in: {x}; out: {y}.
// Any convolution without groups over one or two spatial dimensions, but for those with so many weights that blocking
// them pays more.
std::shared_ptr<const Primitive> make_direct_byte_conv(const RequantizedConvSpec& spec, const PackFn& pack);
// One filter for each channel, over one or two spatial dimensions.
std::shared_ptr<const Primitive> make_depthwise_byte_conv(const RequantizedConvSpec& spec, const PackFn& pack);

// Sizes over two spatial dimensions; one dimension is one row.
struct ByteConvShape {
  int64_t n, h, w, c;   // x: [n, h, w, c]
  int64_t oh, ow, o;    // y: [n, oh, ow, o]
  int64_t kh, kw;       // of the filters
  int64_t sy, sx;       // strides
  int64_t dy, dx;       // dilations
  int64_t top, left;    // padding in front
  bool padded = false;  // anywhere
};
// nullopt: more dimensions, other types than uint8, or sums that could pass the range of int32.
std::optional<ByteConvShape> byte_conv_shape(const RequantizedConvSpec& spec);

// What is added to scaled raw sums: the bias less what x's zero point contributes, bias[o] - scale[o] x_zero sum w[o].
std::vector<float> bias_of_raw_sums(const RequantizedConvSpec& spec);

}  // namespace slipway::kernels
