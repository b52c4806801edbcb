// Vectorized picking of 32-bit elements out of rows.
#include "kernels/gather.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gather.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void pick(const uint32_t* x, int64_t rows, int64_t x_stride, const int32_t* positions, int64_t n, uint32_t* y,
          int64_t y_stride) {
  const hn::ScalableTag<uint32_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t r = 0; r < rows; ++r) {
    const uint32_t* from = x + r * x_stride;
    uint32_t* to = y + r * y_stride;
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes) hn::StoreU(hn::GatherIndex(d, from, hn::LoadU(di, positions + i)), d, to + i);
    for (; i < n; ++i) to[i] = from[positions[i]];
  }
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(pick);
void pick_32(const uint32_t* x, int64_t rows, int64_t x_stride, const int32_t* positions, int64_t n, uint32_t* y,
             int64_t y_stride) {
  HWY_DYNAMIC_DISPATCH(pick)(x, rows, x_stride, positions, n, y, y_stride);
}
}  // namespace slipway::kernels
#endif
