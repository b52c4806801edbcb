// Gathering rows: one vectorized loop per element type, with the best instructions of the machine it runs on.
#include "data/gather.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "data/gather.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace slipway::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;

inline hn::Vec<Floats> load(Floats, const float* x) { return hn::LoadU(Floats(), x); }

inline hn::Vec<Floats> load(Floats d, const uint8_t* x) {
  const hn::Rebind<uint8_t, Floats> bytes;
  const hn::Rebind<int32_t, Floats> integers;
  return hn::ConvertTo(d, hn::PromoteTo(integers, hn::LoadU(bytes, x)));
}

// `step` is 1 when scale and offset have an element per feature, 0 when one serves all.
template <int step, typename T>
void scale_row(const T* x, size_t n, const float* scale, const float* offset, float* y) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  auto s = hn::Set(d, scale[0]);
  auto o = hn::Set(d, offset[0]);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    if constexpr (step == 1) {
      s = hn::LoadU(d, scale + i);
      o = hn::LoadU(d, offset + i);
    }
    hn::StoreU(hn::Add(hn::Mul(load(d, x + i), s), o), d, y + i);
  }
  for (; i < n; ++i) y[i] = static_cast<float>(x[i]) * scale[i * step] + offset[i * step];
}

void scale_u8(const uint8_t* x, size_t n, const float* scale, const float* offset, float* y) {
  scale_row<0>(x, n, scale, offset, y);
}
void scale_u8_each(const uint8_t* x, size_t n, const float* scale, const float* offset, float* y) {
  scale_row<1>(x, n, scale, offset, y);
}
void scale_f32(const float* x, size_t n, const float* scale, const float* offset, float* y) {
  scale_row<0>(x, n, scale, offset, y);
}
void scale_f32_each(const float* x, size_t n, const float* scale, const float* offset, float* y) {
  scale_row<1>(x, n, scale, offset, y);
}

}  // namespace slipway::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway {

HWY_EXPORT(scale_u8);
HWY_EXPORT(scale_u8_each);
HWY_EXPORT(scale_f32);
HWY_EXPORT(scale_f32_each);

namespace {

constexpr size_t kRowsAhead = 3;  // rows fetched into the cache before their turn
constexpr size_t kCacheLine = 64;

template <typename T>
using Loop = void (*)(const T*, size_t, const float*, const float*, float*);

template <typename T>
void gather(const T* x, size_t width, size_t pitch, std::span<const uint32_t> rows, const float* scale,
            const float* offset, Loop<T> loop, float* to) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kRowsAhead < rows.size()) {
      const char* ahead = reinterpret_cast<const char*>(x + rows[i + kRowsAhead] * pitch);
      for (size_t byte = 0; byte < width * sizeof(T); byte += kCacheLine) __builtin_prefetch(ahead + byte);
    }
    loop(x + rows[i] * pitch, width, scale, offset, to + i * width);
  }
}

// The values one per feature when any of the two is, else as they are.
std::vector<float> spread(const std::vector<float>& values, size_t count) {
  return values.size() == count ? values : std::vector<float>(count, values[0]);
}

}  // namespace

void gather_scaled(const Tensor& x, int64_t example_width, int64_t example_pitch, std::span<const uint32_t> rows,
                   const Scaling& scaling, float* to) {
  auto width = static_cast<size_t>(example_width);
  auto pitch = static_cast<size_t>(example_pitch);
  const float* scale = scaling.scale.data();
  const float* offset = scaling.offset.data();
  bool each = scaling.scale.size() > 1 || scaling.offset.size() > 1;
  std::vector<float> scales, offsets;
  if (each && scaling.scale.size() != scaling.offset.size()) {
    scales = spread(scaling.scale, width);
    offsets = spread(scaling.offset, width);
    scale = scales.data();
    offset = offsets.data();
  }
  if (x.dtype() == DType::u8) {
    Loop<uint8_t> loop = each ? HWY_DYNAMIC_DISPATCH(scale_u8_each) : HWY_DYNAMIC_DISPATCH(scale_u8);
    gather(x.data<uint8_t>().data(), width, pitch, rows, scale, offset, loop, to);
  } else {
    Loop<float> loop = each ? HWY_DYNAMIC_DISPATCH(scale_f32_each) : HWY_DYNAMIC_DISPATCH(scale_f32);
    gather(x.data<float>().data(), width, pitch, rows, scale, offset, loop, to);
  }
}

}  // namespace slipway
#endif  // HWY_ONCE
