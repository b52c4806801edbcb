// Constants and selections of any dtype for gradients.
#include "ops/gradient.h"

namespace slipway::ops {

ValueId scalar_like(Builder& b, double value, ValueId like) {
  if (!b.status().ok()) return {};
  return b.constant(Tensor::scalar(value).cast(b.dtype(like)), "scalar");
}

ValueId scaled(Builder& b, ValueId x, double factor) { return b.mul(x, scalar_like(b, factor, x)); }

ValueId where_or_zero(Builder& b, ValueId condition, ValueId dy) {
  return b.op("Where", {condition, dy, scalar_like(b, 0, dy)});
}

}  // namespace slipway::ops
