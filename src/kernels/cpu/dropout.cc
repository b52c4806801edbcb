// Vectorized Philox4x32-10 (see base/random.h) and the masks made from it.
#include "kernels/dropout.h"

#include <algorithm>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/dropout.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

using D64 = hn::ScalableTag<uint64_t>;
using V64 = hn::Vec<D64>;

// The product of the lower halves of 64-bit lanes.
HWY_INLINE V64 multiply(V64 a, V64 b) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(D64(), (hn::GetLane(a) & 0xFFFFFFFF) * (hn::GetLane(b) & 0xFFFFFFFF));
#else
  const hn::Repartition<uint32_t, D64> halves;
  return hn::MulEven(hn::BitCast(halves, a), hn::BitCast(halves, b));
#endif
}

// Lanes(D64) blocks from `block` on, four words each, in order. Lanes hold a word in their lower half; what is above
// it is never read.
HWY_INLINE void philox_blocks(uint64_t seed, uint64_t step, uint64_t block, uint64_t* words) {
  const D64 d;
  const V64 index = hn::Add(hn::Set(d, block), hn::Iota(d, 0));
  V64 c0 = index, c1 = hn::ShiftRight<32>(index), c2 = hn::Set(d, step), c3 = hn::Set(d, step >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  const V64 m0 = hn::Set(d, uint64_t{0xD2511F53}), m1 = hn::Set(d, uint64_t{0xCD9E8D57});
  for (int round = 0; round < 10; ++round) {
    const V64 p0 = multiply(c0, m0);
    const V64 p1 = multiply(c2, m1);
    c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), hn::Set(d, uint64_t{k0}));
    c1 = p1;
    c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), hn::Set(d, uint64_t{k1}));
    c3 = p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  const V64 low = hn::Set(d, uint64_t{0xFFFFFFFF});
  const V64 first = hn::Or(hn::And(c0, low), hn::ShiftLeft<32>(c1));
  const V64 second = hn::Or(hn::And(c2, low), hn::ShiftLeft<32>(c3));
  hn::StoreInterleaved2(first, second, d, words);
}

struct Threshold {
  float ratio;
  float scale;
  // x: 24-bit integers as float bits
  HWY_INLINE V operator()(D d, V x) const {
    const hn::RebindToSigned<D> di;
    const V u = hn::Mul(hn::ConvertTo(d, hn::BitCast(di, x)), hn::Set(d, 0x1p-24f));
    return hn::IfThenElseZero(hn::Ge(u, hn::Set(d, ratio)), hn::Set(d, scale));
  }
};

struct Upper24 {
  HWY_INLINE V operator()(D d, V x) const {
    const hn::RebindToUnsigned<D> du;
    return hn::BitCast(d, hn::ShiftRight<8>(hn::BitCast(du, x)));
  }
};

void dropout_mask(uint64_t seed, uint64_t step, float ratio, int64_t begin, int64_t end, float* y) {
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(D64()));
  const float scale = ratio < 1 ? 1 / (1 - ratio) : 0;
  HWY_ALIGN uint64_t words[kDropoutBlock / 2];
  for (int64_t at = begin; at < end; at += kDropoutBlock) {
    const int64_t n = HWY_MIN(kDropoutBlock, end - at);
    for (int64_t block = 0; block * 4 < n; block += lanes) {
      philox_blocks(seed, step, static_cast<uint64_t>(at / 4 + block), words + block * 2);
    }
    float* to = y + (at - begin);
    std::memcpy(to, words, static_cast<size_t>(n) * sizeof(float));
    map1(to, to, n, Upper24{});
    map1(to, to, n, Threshold{ratio, scale});
  }
}

}  // namespace

DropoutMaskFn choose_dropout_mask() { return dropout_mask; }

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_dropout_mask);
DropoutMaskFn dropout_mask_f32() { return HWY_DYNAMIC_DISPATCH(choose_dropout_mask)(); }
}  // namespace slipway::kernels
#endif
