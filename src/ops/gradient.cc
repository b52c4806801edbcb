// Constants and selections of any dtype for gradients.
#include "ops/gradient.h"

#include <fmt/format.h>

namespace slipway::ops {

ValueId scalar_like(Builder& b, double value, ValueId like) {
  if (!b.status().ok()) return {};
  DType dtype = b.dtype(like);
  if (!is_float(dtype) && !is_integer(dtype) && dtype != DType::boolean) {
    b.fail(invalid(fmt::format("a value of {} takes part in arithmetic; expected numbers", dtype_name(dtype))));
    return {};
  }
  return b.constant(Tensor::scalar(value).cast(dtype), "scalar");
}

ValueId scaled(Builder& b, ValueId x, double factor) { return b.mul(x, scalar_like(b, factor, x)); }

ValueId where_or_zero(Builder& b, ValueId condition, ValueId dy) {
  return b.op("Where", {condition, dy, scalar_like(b, 0, dy)});
}

}  // namespace slipway::ops
