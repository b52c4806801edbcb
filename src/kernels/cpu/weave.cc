// Planes woven into one run of elements, vectorized.
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/weave.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "kernels/weave.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
void weave_planes(const T* HWY_RESTRICT x, int64_t stride, int64_t planes, int64_t n, T* HWY_RESTRICT y) {
  const hn::CappedTag<T, 32 / sizeof(T)> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + i + stride);
    if (planes == 2) {
      hn::StoreInterleaved2(a, b, d, y + i * 2);
    } else if (planes == 3) {
      hn::StoreInterleaved3(a, b, hn::LoadU(d, x + i + 2 * stride), d, y + i * 3);
    } else {
      hn::StoreInterleaved4(a, b, hn::LoadU(d, x + i + 2 * stride), hn::LoadU(d, x + i + 3 * stride), d, y + i * 4);
    }
  }
  for (; i < n; ++i) {
    for (int64_t c = 0; c < planes; ++c) y[i * planes + c] = x[i + c * stride];
  }
}

void weave_8(const uint8_t* x, int64_t stride, int64_t planes, int64_t n, uint8_t* y) {
  weave_planes(x, stride, planes, n, y);
}
void weave_32(const uint32_t* x, int64_t stride, int64_t planes, int64_t n, uint32_t* y) {
  weave_planes(x, stride, planes, n, y);
}

}  // namespace
}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {

namespace {
HWY_EXPORT(weave_8);
HWY_EXPORT(weave_32);
}  // namespace

void weave(const uint8_t* x, int64_t stride, int64_t planes, int64_t n, uint8_t* y) {
  HWY_DYNAMIC_DISPATCH(weave_8)(x, stride, planes, n, y);
}
void weave(const uint32_t* x, int64_t stride, int64_t planes, int64_t n, uint32_t* y) {
  HWY_DYNAMIC_DISPATCH(weave_32)(x, stride, planes, n, y);
}

}  // namespace slipway::kernels
#endif
