// Scales of quantized tensors.
#include "ops/quantization.h"

#include <fmt/format.h>

#include "ops/movement.h"

namespace slipway::ops {

namespace {

bool blocked_fits(const Dims& x, const Dims& scale, size_t axis, int64_t block) {
  if (x.size() != scale.size()) return false;
  for (size_t d = 0; d < x.size(); ++d) {
    if (!x[d].known() || !scale[d].known()) continue;
    int64_t expected = d != axis ? x[d].size : x[d].size / block + (x[d].size % block != 0 ? 1 : 0);
    if (scale[d].size != expected) return false;
  }
  return true;
}

}  // namespace

Status expect_scales(InferContext& c) {
  const Dims& x = c.dims(0);
  const Dims& scale = c.dims(1);
  RETURN_IF_ERROR(expect_dtype(c, 1, {DType::f32, DType::f16, DType::bf16}));
  int64_t block = c.node().integer("block_size");
  if (block < 0) return invalid(fmt::format("block_size is {}; expected 0 or more", block));
  // A scale of unknown size may turn out to be one for all: then `axis` says nothing.
  bool one = scale.empty() || (scale.size() == 1 && (!scale[0].known() || scale[0].size == 1));
  if (!one || block > 0) {
    auto axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(x.size()))));
    bool fits = block > 0
                    ? blocked_fits(x, scale, axis, block)
                    : scale.size() == 1 && !(scale[0].known() && x[axis].known() && scale[0].size != x[axis].size);
    if (!fits) {
      return invalid(fmt::format("scale {} does not fit x {} along axis {} with block_size {}", to_string(scale),
                                 to_string(x), axis, block));
    }
  }
  if (!c.has_input(2)) return {};
  std::optional<Shape> scales = known_shape(scale);
  std::optional<Shape> zeros = known_shape(c.dims(2));
  if (scales && zeros && element_count(*scales) != element_count(*zeros)) {
    return invalid(fmt::format("zero point {} is not of the shape of scale {}", to_string(*zeros), to_string(*scales)));
  }
  return {};
}

kernels::ScaleLayout scale_layout(const Node& n, const Shape& x, const Shape& scale) {
  int64_t block = n.integer("block_size");
  if (element_count(scale) == 1 && block == 0) return {.inner = element_count(x)};
  auto axis = static_cast<size_t>(axis_of(n, "axis", static_cast<int64_t>(x.size())));
  std::span<const int64_t> dims = x;
  return {element_count(dims.first(axis)), x[axis], element_count(dims.subspan(axis + 1)), block == 0, block};
}

}  // namespace slipway::ops
