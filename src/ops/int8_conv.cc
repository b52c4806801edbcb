// 8-bit convolutions on ONNX layouts.
#include "ops/int8_conv.h"

#include <fmt/format.h>

namespace slipway::ops {

Result<kernels::Int8ConvSpec> int8_conv_spec(const Node& node, const Shape& x, const Shape& w, const Shape& y) {
  Window window = TRY(window_of(node, to_dims(x), kernel_of_weights(to_dims(w))));
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    if (window.pads_begin[i] < 0 || window.pads_end[i] < 0) return invalid("pads holds a negative size");
  }
  kernels::Int8ConvSpec spec = {.x = x, .w = w, .y = y};
  spec.strides = window.strides;
  spec.dilations = window.dilations;
  spec.pads_begin = window.pads_begin;
  spec.pads_end = window.pads_end;
  spec.groups = node.integer("group");
  idle_dimensions_first(spec);
  return spec;
}

Result<Int8Conv> int8_conv(const PrepareContext& c, DType x_dtype, size_t w, const kernels::ZeroPoint& x_zero,
                           const kernels::ZeroPoint& w_zero) {
  const Shape& y = c.out(0).shape;
  kernels::Int8ConvolutionSpec spec;
  spec.conv = TRY(int8_conv_spec(c.node(), c.in(0).shape, c.in(w).shape, y));
  spec.conv.x_dtype = x_dtype;
  spec.conv.constant_w = c.constant(w);
  spec.w = c.in(w).dtype;
  spec.x_zero = x_zero;
  spec.w_zero = w_zero;
  spec.threads = c.threads();
  if (spec.x_zero.given() && spec.x_zero.count != 1) {
    return invalid(fmt::format("the zero point of x has {} elements; expected 1", spec.x_zero.count));
  }
  if (spec.w_zero.given() && spec.w_zero.count != 1 && spec.w_zero.count != y[1]) {
    return invalid(fmt::format("the zero point of w has {} elements; expected 1 or {}", spec.w_zero.count, y[1]));
  }
  Int8Conv conv;
  conv.product = TRY(kernels::make_int8_convolution(spec, pack_through(c)));
  conv.channels = y[1];
  conv.rows = element_count(y) / y[1];
  int64_t spatial = conv.rows / y[0];
  conv.restore.push(y[0], spatial * y[1], y[1] * spatial);
  conv.restore.push(y[1], 1, spatial);
  conv.restore.push(spatial, y[1], 1);
  conv.restore.simplify();
  return conv;
}

}  // namespace slipway::ops
