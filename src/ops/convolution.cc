// What the convolutions share.
#include "ops/convolution.h"

#include <fmt/format.h>

#include "ops/expect.h"

namespace slipway::ops {

Shape kernel_of_weights(const Dims& w) {
  Shape kernel;
  for (size_t i = 2; i < w.size(); ++i) kernel.push_back(w[i].known() ? w[i].size : 1);
  return kernel;
}

Result<ConvSpec> conv_spec(const Node& node, const Shape& x, const Shape& w, const Shape& y) {
  Window window = TRY(window_of(node, to_dims(x), kernel_of_weights(to_dims(w))));
  ConvSpec spec;
  spec.x = x;
  spec.w = w;
  spec.y = y;
  spec.strides = window.strides;
  spec.dilations = window.dilations;
  spec.pads_begin = window.pads_begin;
  // What the window really covers: padding at the end that no window reaches is cut, as the primitive demands.
  spec.pads_end = window.pads_end;
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    int64_t reach = (y[i + 2] - 1) * window.strides[i] + (window.kernel[i] - 1) * window.dilations[i] + 1;
    spec.pads_end[i] = reach - x[i + 2] - window.pads_begin[i];
  }
  spec.groups = node.integer("group");
  idle_dimensions_first(spec);
  return spec;
}

Result<ConvSpec> conv_gradient_spec(const Node& node, const Shape& x, const Shape& w, const Shape& y) {
  const bool last = node.integer("channels_last") != 0;
  ConvSpec spec = last ? TRY(conv_spec(node, channels_first(x), w, channels_first(y))) : TRY(conv_spec(node, x, w, y));
  spec.channels_last = last;
  return spec;
}

Status expect_conv_gradient(InferContext& c, size_t x, size_t w, size_t dy) {
  RETURN_IF_ERROR(expect_same_dtypes(c));
  const bool last = c.node().integer("channels_last") != 0;
  if (last && c.dims(x).size() < 3) return invalid(fmt::format("X {}; expected [N, ..., C]", to_string(c.dims(x))));
  Dims y = TRY(conv_output(c.node(), last ? channels_first(c.dims(x)) : c.dims(x), c.dims(w)));
  return expect_dims(c, dy, "dY", last ? channels_last(y) : y);
}

Status expect_conv_operands(InferContext& c, const Dim& channels) {
  RETURN_IF_ERROR(expect_same_dtypes(c));
  return expect_dims(c, 2, "B", {channels});
}

Result<Dims> conv_output(const Node& node, const Dims& x, const Dims& w) {
  if (x.size() < 3 || x.size() > 5 || w.size() != x.size()) {
    return invalid(
        fmt::format("X {} and W {}; expected [N, C, ...] and [M, C / group, ...] with 1 to 3 spatial dimensions",
                    to_string(x), to_string(w)));
  }
  int64_t groups = node.integer("group");
  if (groups < 1) return invalid(fmt::format("group is {}; expected at least 1", groups));
  if (x[1].known() && w[1].known() && (x[1].size % groups != 0 || x[1].size / groups != w[1].size)) {
    return invalid(fmt::format("X has {} channels, W {} per group and group is {}; expected group times as many as W",
                               x[1].size, w[1].size, groups));
  }
  if (w[0].known() && w[0].size % groups != 0) {
    return invalid(fmt::format("W has {} filters, not a multiple of group {}", w[0].size, groups));
  }
  Window window = TRY(window_of(node, x, kernel_of_weights(w)));
  Dims out = {x[0], w[0]};
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    if (w[i + 2].known() && window.kernel[i] != w[i + 2].size) {
      return invalid(fmt::format("kernel_shape {} does not fit W {}",
                                 to_string(std::span<const int64_t>(window.kernel)), to_string(w)));
    }
  }
  Dims spatial = window_output(x, window, false);
  forget_unknown_filters(node, w, spatial);
  out.insert(out.end(), spatial.begin(), spatial.end());
  return out;
}

}  // namespace slipway::ops
