// What the pooling cards share.
#include "ops/pooling.h"

#include <fmt/format.h>

#include "ops/expect.h"

namespace slipway::ops {

namespace {

Result<Dims> pooled(const Node& node, const Dims& x) {
  if (x.size() < 3 || x.size() > 5) {
    return invalid(fmt::format("X {}; expected [N, C] and 1 to 3 spatial dimensions", to_string(x)));
  }
  Window window = TRY(window_of(node, x, {}));
  Dims out = {x[0], x[1]};
  for (const Dim& dim : window_output(x, window, node.integer("ceil_mode") != 0)) out.push_back(dim);
  return out;
}

}  // namespace

Status infer_pool_grad(InferContext& c) {
  RETURN_IF_ERROR(expect_same_dtypes(c));
  RETURN_IF_ERROR(expect_dims(c, 1, "dY", TRY(pooled(c.node(), c.dims(0)))));
  return infer_same(c);
}

Status infer_pool(InferContext& c) {
  Dims out = TRY(pooled(c.node(), c.dims(0)));
  c.set(0, c.dtype(0), out);
  c.set(1, DType::i64, out);
  return {};
}

Status infer_pool_channels_last(InferContext& c) {
  if (c.dims(0).size() < 3 || c.dims(0).size() > 5) {
    return invalid(fmt::format("X {}; expected [N, ..., C] with 1 to 3 spatial dimensions", to_string(c.dims(0))));
  }
  Dims x = channels_first(c.dims(0)), y = {x[0], x[1]};
  Window window = TRY(window_of(c.node(), x, {}));
  for (const Dim& dim : window_output(x, window, c.node().integer("ceil_mode") != 0)) y.push_back(dim);
  c.set(0, c.dtype(0), channels_last(y));
  return {};
}

Result<kernels::PoolShape> pool_shape_channels_last(const Node& node, const Shape& x, const Shape& y) {
  kernels::PoolShape p = TRY(pool_shape(node, channels_first(x), channels_first(y)));
  p.planes = x[0];
  p.inner = x.back();
  return p;
}

Result<kernels::PoolShape> pool_shape(const Node& node, const Shape& x, const Shape& y) {
  Window window = TRY(window_of(node, to_dims(x), {}));
  kernels::PoolShape p;
  p.planes = x[0] * x[1];
  // A dimension in which nothing happens is left out: a sequence that lies in [N, C, steps, 1] becomes one row, which
  // kernels vectorize, in place of a column.
  size_t at = p.in.size();
  for (size_t i = x.size() - 2; i-- > 0;) {
    const bool one = x[i + 2] == 1 && y[i + 2] == 1 && window.kernel[i] == 1;
    if (one && window.pads_begin[i] == 0 && window.pads_end[i] == 0) continue;
    --at;
    p.in[at] = x[i + 2];
    p.out[at] = y[i + 2];
    p.kernel[at] = window.kernel[i];
    p.stride[at] = window.strides[i];
    p.dilation[at] = window.dilations[i];
    p.pad[at] = window.pads_begin[i];
    p.pad_end[at] = window.pads_end[i];
  }
  return p;
}

}  // namespace slipway::ops
