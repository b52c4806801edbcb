// Arithmetic on bytes, vectorized.
#define HWY_WANT_AVX3_DL
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/bytes.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include <algorithm>
#include <cmath>

#include "kernels/bytes.h"
#include "kernels/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using DF = hn::ScalableTag<float>;
using DI = hn::RebindToSigned<DF>;
using DB = hn::Rebind<uint8_t, DF>;

void MapBytes(const uint8_t* HWY_RESTRICT x, const uint8_t* HWY_RESTRICT table, uint8_t* HWY_RESTRICT y, int64_t n) {
  int64_t i = 0;
#if HWY_TARGET == HWY_AVX3_DL
  const __m512i t0 = _mm512_loadu_si512(table), t1 = _mm512_loadu_si512(table + 64);
  const __m512i t2 = _mm512_loadu_si512(table + 128), t3 = _mm512_loadu_si512(table + 192);
  for (; i + 64 <= n; i += 64) {
    const __m512i at = _mm512_loadu_si512(x + i);
    const __m512i lower = _mm512_permutex2var_epi8(t0, at, t1), upper = _mm512_permutex2var_epi8(t2, at, t3);
    _mm512_storeu_si512(y + i, _mm512_mask_blend_epi8(_mm512_movepi8_mask(at), lower, upper));
  }
#endif
  for (; i < n; ++i) y[i] = table[x[i]];
}

uint8_t rounded_one(float v, float low, float high) {
  return static_cast<uint8_t>(std::nearbyint(std::clamp(v, low, high)));
}

void AddBytes(const ByteSum& s, const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n) {
  const DF d;
  const DI di;
  const DB db;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto sa = hn::Set(d, s.a_scale), sb = hn::Set(d, s.b_scale), offset = hn::Set(d, s.offset);
  const auto low = hn::Set(d, s.low), high = hn::Set(d, s.high);
  auto wide = [&](const uint8_t* from) { return hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(db, from))); };
  int64_t i = 0;
#if HWY_TARGET == HWY_AVX3_DL
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  auto sum = [&](int64_t at) {
    const auto v = hn::MulAdd(wide(a + at), sa, hn::MulAdd(wide(b + at), sb, offset));
    return _mm512_cvtps_epi32(hn::Min(hn::Max(v, low), high).raw);  // in range: needs none of NearestInt's care
  };
  for (; i + 64 <= n; i += 64) {
    const __m512i words = _mm512_packs_epi32(sum(i), sum(i + 16)), more = _mm512_packs_epi32(sum(i + 32), sum(i + 48));
    _mm512_storeu_si512(y + i, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(words, more)));
  }
#endif
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::MulAdd(wide(a + i), sa, hn::MulAdd(wide(b + i), sb, offset));
    hn::StoreU(hn::DemoteTo(db, hn::NearestInt(hn::Min(hn::Max(v, low), high))), db, y + i);
  }
  for (; i < n; ++i) {
    const float rest = std::fma(static_cast<float>(b[i]), s.b_scale, s.offset);
    y[i] = rounded_one(std::fma(static_cast<float>(a[i]), s.a_scale, rest), s.low, s.high);
  }
}

// One output position: y[c] = clamp(round(scale sum of x[tap][c] + offset)) for every channel.
void mean_at(const PoolShape& p, const PoolReach& r, const uint8_t* x, float scale, float offset, uint8_t* y) {
  const DF d;
  const DI di;
  const DB db;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto each_tap = [&](auto&& f) {
    for (int64_t i = r.begin[0]; i < r.end[0]; i += p.dilation[0]) {
      for (int64_t j = r.begin[1]; j < r.end[1]; j += p.dilation[1]) {
        for (int64_t k = r.begin[2]; k < r.end[2]; k += p.dilation[2]) {
          f(x + ((i * p.in[1] + j) * p.in[2] + k) * p.inner);
        }
      }
    }
  };
  int64_t c = 0;
  for (; c + lanes <= p.inner; c += lanes) {
    auto sum = hn::Zero(di);
    each_tap([&](const uint8_t* tap) { sum = hn::Add(sum, hn::PromoteTo(di, hn::LoadU(db, tap + c))); });
    const auto v = hn::MulAdd(hn::ConvertTo(d, sum), hn::Set(d, scale), hn::Set(d, offset));
    const auto clamped = hn::Min(hn::Max(v, hn::Zero(d)), hn::Set(d, 255.0f));
    hn::StoreU(hn::DemoteTo(db, hn::NearestInt(clamped)), db, y + c);
  }
  for (; c < p.inner; ++c) {
    int32_t sum = 0;
    each_tap([&](const uint8_t* tap) { sum += tap[c]; });
    y[c] = rounded_one(std::fma(static_cast<float>(sum), scale, offset), 0, 255);
  }
}

void AveragePoolBytes(const PoolShape& p, const ByteMean& m, const uint8_t* x, uint8_t* y, int64_t begin, int64_t end) {
  const int64_t places = p.out[0] * p.out[1] * p.out[2], plane = p.in[0] * p.in[1] * p.in[2] * p.inner;
  for (int64_t at = begin; at < end; ++at) {
    const int64_t o = at % places;
    const PoolReach r = pool_reach(p, {o / (p.out[1] * p.out[2]), o / p.out[2] % p.out[1], o % p.out[2]});
    int64_t taps = 1;
    for (size_t i = 0; i < 3; ++i) taps *= std::max<int64_t>(0, steps_below(r.end[i] - r.begin[i], p.dilation[i]));
    const auto count = static_cast<float>(std::max<int64_t>(1, m.include_pad ? r.padded_size : taps));
    const float scale = m.scale / count;
    const float offset = m.y_zero - scale * static_cast<float>(taps * m.x_zero);
    mean_at(p, r, x + at / places * plane, scale, offset, y + at * p.inner);
  }
}

#if HWY_TARGET == HWY_AVX3_DL
// Up to 64 picks that lie within 128 bytes, of every row: one permutation of two vectors.
void pick_window(const uint8_t* x, int64_t rows, int64_t x_stride, const int32_t* positions, int64_t n, int64_t least,
                 int64_t size, uint8_t* y, int64_t y_stride) {
  alignas(64) uint8_t places[64] = {};
  for (int64_t i = 0; i < n; ++i) places[i] = static_cast<uint8_t>(positions[i] - least);
  auto first = [](int64_t count) { return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; };
  const __m512i at = _mm512_load_si512(places);
  const uint64_t lower = first(size), upper = size > 64 ? first(size - 64) : 0, kept = first(n);
  for (int64_t r = 0; r < rows; ++r) {
    const uint8_t* from = x + r * x_stride + least;
    const __m512i a = _mm512_maskz_loadu_epi8(lower, from), b = _mm512_maskz_loadu_epi8(upper, from + 64);
    _mm512_mask_storeu_epi8(y + r * y_stride, kept, _mm512_permutex2var_epi8(a, at, b));
  }
}
#endif

void PickBytes(const uint8_t* x, int64_t rows, int64_t x_stride, const int32_t* positions, int64_t n, uint8_t* y,
               int64_t y_stride) {
  for (int64_t begin = 0; begin < n; begin += 64) {
    const int64_t count = std::min<int64_t>(64, n - begin);
    const int32_t* here = positions + begin;
#if HWY_TARGET == HWY_AVX3_DL
    const int64_t least = *std::min_element(here, here + count), most = *std::max_element(here, here + count);
    if (most - least < 128) {
      pick_window(x, rows, x_stride, here, count, least, most - least + 1, y + begin, y_stride);
      continue;
    }
#endif
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < count; ++i) y[r * y_stride + begin + i] = x[r * x_stride + here[i]];
    }
  }
}

}  // namespace
}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 65536;  // bytes for one thread at least

HWY_EXPORT(MapBytes);
HWY_EXPORT(AddBytes);
HWY_EXPORT(AveragePoolBytes);
HWY_EXPORT(PickBytes);

}  // namespace

void map_bytes(const uint8_t* x, const uint8_t* table, uint8_t* y, int64_t n, int threads) {
  parallel_for(threads, n, kGrain, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(MapBytes)(x + begin, table, y + begin, end - begin);
  });
}

void add_bytes(const ByteSum& s, const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n, int threads) {
  parallel_for(threads, n, kGrain, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(AddBytes)(s, a + begin, b + begin, y + begin, end - begin);
  });
}

void average_pool_bytes(const PoolShape& p, const ByteMean& m, const uint8_t* x, uint8_t* y, int threads) {
  const int64_t places = p.out[0] * p.out[1] * p.out[2];
  const int64_t cost = p.inner * p.kernel[0] * p.kernel[1] * p.kernel[2];
  parallel_for(threads, p.planes * places, kGrain / std::max<int64_t>(cost, 1), [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(AveragePoolBytes)(p, m, x, y, begin, end);
  });
}

void pick_bytes(const uint8_t* x, int64_t rows, int64_t x_stride, const int32_t* positions, int64_t n, uint8_t* y,
                int64_t y_stride) {
  HWY_DYNAMIC_DISPATCH(PickBytes)(x, rows, x_stride, positions, n, y, y_stride);
}

}  // namespace slipway::kernels
#endif  // HWY_ONCE
