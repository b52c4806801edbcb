// What the bodies of global poolings share.
#include "ops/global_pool.h"

namespace slipway::ops {

ValueId spatial_axes(Builder& b, ValueId x) {
  if (b.rank(x) < 3) {
    b.fail(invalid("X must be [N, C] and at least one spatial dimension; found " + to_string(b.dims(x))));
    return {};
  }
  std::vector<int64_t> axes;
  for (int64_t i = 2; i < b.rank(x); ++i) axes.push_back(i);
  return b.ints(axes);
}

}  // namespace slipway::ops
