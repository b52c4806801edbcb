// Linear quantization: SIMD runs for 8-bit integers and float, plain loops for the rest.
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/quantize.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/quantize.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using DF = hn::ScalableTag<float>;
using DI = hn::RebindToSigned<DF>;

// round(clamp(v, low, high)) as integers: v + zero_point stays in the range of the integer type.
template <typename V>
auto rounded(V v, V low, V high) {
  return hn::NearestInt(hn::Min(hn::Max(v, low), high));
}

template <typename T>
T quantize_one(float x, float scale, int32_t zero_point) {
  float low = static_cast<float>(std::numeric_limits<T>::min() - zero_point);
  float high = static_cast<float>(std::numeric_limits<T>::max() - zero_point);
  float v = x / scale;
  v = v > low ? v : low;
  v = v < high ? v : high;
  return static_cast<T>(static_cast<int32_t>(std::nearbyint(v)) + zero_point);
}

#if HWY_TARGET <= HWY_AVX3
// The same, 64 elements at a time; returns how many it did. Instead of dividing, a product with the reciprocal, off by
// a unit or two, is corrected twice: x - q s is exact in a fused product and tells what q lacks. The first correction
// brings q within a unit of x / s, and the second rounds it as a division does (P. Markstein 1990, "Computation of
// elementary functions on the IBM RISC System/6000 processor").
template <typename T>
int64_t quantize_blocks(const float* HWY_RESTRICT x, T* HWY_RESTRICT y, int64_t n, float scale, int32_t zero_point) {
  if (!(scale > 1e-30f && scale < 1e30f)) return 0;
  // One step more than there are on either side, so that nothing overflows; packing takes it back.
  const float least = static_cast<float>(std::numeric_limits<T>::min() - zero_point - 1) * scale;
  const float most = static_cast<float>(std::numeric_limits<T>::max() - zero_point + 1) * scale;
  const __m512 s = _mm512_set1_ps(scale), reciprocal = _mm512_set1_ps(1 / scale);
  const __m512 low = _mm512_set1_ps(least), high = _mm512_set1_ps(most);
  const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(zero_point));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  auto quotient = [&](int64_t i) {
    const __m512 v = _mm512_min_ps(_mm512_max_ps(_mm512_loadu_ps(x + i), low), high);  // NaN becomes `low`
    const __m512 near = _mm512_mul_ps(v, reciprocal);
    const __m512 nearer = _mm512_fmadd_ps(_mm512_fnmadd_ps(near, s, v), reciprocal, near);
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_fnmadd_ps(nearer, s, v), reciprocal, nearer));
  };
  auto words = [&](int64_t i) { return _mm512_add_epi16(_mm512_packs_epi32(quotient(i), quotient(i + 16)), zero); };
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    const __m512i a = words(i), b = words(i + 32);
    const __m512i bytes = std::is_signed_v<T> ? _mm512_packs_epi16(a, b) : _mm512_packus_epi16(a, b);
    _mm512_storeu_si512(y + i, _mm512_permutexvar_epi32(order, bytes));
  }
  return i;
}
#else
template <typename T>
int64_t quantize_blocks(const float*, T*, int64_t, float, int32_t) {
  return 0;
}
#endif

template <typename T>
void quantize_run(const float* HWY_RESTRICT x, T* HWY_RESTRICT y, int64_t n, float scale, int32_t zero_point) {
  const DF d;
  const hn::Rebind<T, DF> dq;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto s = hn::Set(d, scale);
  const auto z = hn::Set(DI(), zero_point);
  const auto low = hn::Set(d, static_cast<float>(std::numeric_limits<T>::min() - zero_point));
  const auto high = hn::Set(d, static_cast<float>(std::numeric_limits<T>::max() - zero_point));
  int64_t i = quantize_blocks(x, y, n, scale, zero_point);
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::Div(hn::LoadU(d, x + i), s);
    hn::StoreU(hn::DemoteTo(dq, hn::Add(rounded(v, low, high), z)), dq, y + i);
  }
  for (; i < n; ++i) y[i] = quantize_one<T>(x[i], scale, zero_point);
}

void QuantizeU8(const float* x, uint8_t* y, int64_t n, float scale, int32_t zero_point) {
  quantize_run(x, y, n, scale, zero_point);
}
void QuantizeI8(const float* x, int8_t* y, int64_t n, float scale, int32_t zero_point) {
  quantize_run(x, y, n, scale, zero_point);
}

template <typename T>
void dequantize_run(const T* HWY_RESTRICT x, float* HWY_RESTRICT y, int64_t n, float scale, int32_t zero_point) {
  const DF d;
  const DI di;
  const hn::Rebind<T, DF> dq;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto s = hn::Set(d, scale);
  const auto z = hn::Set(di, zero_point);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto q = hn::Sub(hn::PromoteTo(di, hn::LoadU(dq, x + i)), z);
    hn::StoreU(hn::Mul(hn::ConvertTo(d, q), s), d, y + i);
  }
  for (; i < n; ++i) y[i] = static_cast<float>(x[i] - zero_point) * scale;
}

void DequantizeU8(const uint8_t* x, float* y, int64_t n, float scale, int32_t zero_point) {
  dequantize_run(x, y, n, scale, zero_point);
}
void DequantizeI8(const int8_t* x, float* y, int64_t n, float scale, int32_t zero_point) {
  dequantize_run(x, y, n, scale, zero_point);
}

void MinMax(const float* HWY_RESTRICT x, int64_t n, float* low, float* high) {
  const DF d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto low0 = hn::Zero(d), high0 = hn::Zero(d), low1 = low0, high1 = high0;
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto a = hn::LoadU(d, x + i);
    const auto b = hn::LoadU(d, x + i + lanes);
    low0 = hn::Min(low0, a);
    high0 = hn::Max(high0, a);
    low1 = hn::Min(low1, b);
    high1 = hn::Max(high1, b);
  }
  *low = hn::GetLane(hn::MinOfLanes(d, hn::Min(low0, low1)));
  *high = hn::GetLane(hn::MaxOfLanes(d, hn::Max(high0, high1)));
  for (; i < n; ++i) {
    *low = x[i] < *low ? x[i] : *low;
    *high = x[i] > *high ? x[i] : *high;
  }
}

template <typename V>
HWY_INLINE auto rescaled(DF d, V acc, const Rescale& r, int64_t i, hn::Vec<DF> factor) {
  if (r.offset != nullptr) acc = hn::Sub(acc, hn::LoadU(DI(), r.offset + i));
  const auto scale = hn::Mul(hn::LoadU(d, r.scale + i), factor);
  const auto v = hn::ConvertTo(d, acc);
  return r.bias != nullptr ? hn::MulAdd(v, scale, hn::LoadU(d, r.bias + i)) : hn::Mul(v, scale);
}

float rescaled_one(const Rescale& r, int32_t acc, int64_t i) {
  if (r.offset != nullptr) acc -= r.offset[i];
  return static_cast<float>(acc) * (r.scale[i] * r.factor) + (r.bias != nullptr ? r.bias[i] : 0.f);
}

void RescaleToFloat(const Rescale& r, const int32_t* HWY_RESTRICT acc, int64_t rows, float low, float* HWY_RESTRICT y) {
  const DF d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto floor = hn::Set(d, low), ceiling = hn::Set(d, r.high);
  const auto factor = hn::Set(d, r.factor);
  for (int64_t row = 0; row < rows; ++row, acc += r.n, y += r.n) {
    int64_t i = 0;
    for (; i + lanes <= r.n; i += lanes) {
      hn::StoreU(hn::Min(hn::Max(rescaled(d, hn::LoadU(DI(), acc + i), r, i, factor), floor), ceiling), d, y + i);
    }
    for (; i < r.n; ++i) {
      float v = rescaled_one(r, acc[i], i);
      v = v > low ? v : low;
      y[i] = v < r.high ? v : r.high;
    }
  }
}

template <typename T>
void rescale_to(const Rescale& r, const int32_t* HWY_RESTRICT acc, int64_t rows, int32_t zero_point, int32_t low,
                T* HWY_RESTRICT y) {
  const DF d;
  const hn::Rebind<T, DF> dq;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float floor = static_cast<float>(low - zero_point);
  const float ceiling = std::min(static_cast<float>(std::numeric_limits<T>::max() - zero_point), r.high);
  const auto z = hn::Set(DI(), zero_point);
  const auto factor = hn::Set(d, r.factor);
  for (int64_t row = 0; row < rows; ++row, acc += r.n, y += r.n) {
    int64_t i = 0;
    for (; i + lanes <= r.n; i += lanes) {
      const auto v = rescaled(d, hn::LoadU(DI(), acc + i), r, i, factor);
      const auto q = hn::Add(rounded(v, hn::Set(d, floor), hn::Set(d, ceiling)), z);
      hn::StoreU(hn::DemoteTo(dq, q), dq, y + i);
    }
    for (; i < r.n; ++i) {
      float v = rescaled_one(r, acc[i], i);
      v = v > floor ? v : floor;
      v = v < ceiling ? v : ceiling;
      y[i] = static_cast<T>(static_cast<int32_t>(std::nearbyint(v)) + zero_point);
    }
  }
}

void RescaleToU8(const Rescale& r, const int32_t* acc, int64_t rows, int32_t zero_point, int32_t low, uint8_t* y) {
  rescale_to(r, acc, rows, zero_point, low, y);
}
void RescaleToI8(const Rescale& r, const int32_t* acc, int64_t rows, int32_t zero_point, int32_t low, int8_t* y) {
  rescale_to(r, acc, rows, zero_point, low, y);
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "kernels/parallel.h"
#include "tensor/visit.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kGrain = 16384;

HWY_EXPORT(QuantizeU8);
HWY_EXPORT(QuantizeI8);
HWY_EXPORT(DequantizeU8);
HWY_EXPORT(DequantizeI8);
HWY_EXPORT(MinMax);
HWY_EXPORT(RescaleToFloat);
HWY_EXPORT(RescaleToU8);
HWY_EXPORT(RescaleToI8);

// f(TypeTag<T>{}) for the integer types of quantized tensors.
template <typename F>
void visit_quantized(DType dtype, F&& f) {
  switch (dtype) {
    case DType::u8: return f(TypeTag<uint8_t>{});
    case DType::i8: return f(TypeTag<int8_t>{});
    case DType::u16: return f(TypeTag<uint16_t>{});
    case DType::i16: return f(TypeTag<int16_t>{});
    case DType::i32: return f(TypeTag<int32_t>{});
    default: CHECK(false, "quantized tensor of another type");
  }
}

// f(begin, n, k): elements [begin, begin + n) share scale k.
template <typename F>
void walk_runs(const ScaleLayout& s, int threads, F&& f) {
  int64_t total = s.outer * s.axis * s.inner;
  if (s.block > 0) {
    int64_t blocks = (s.axis + s.block - 1) / s.block;
    for (int64_t i = 0; i < total; ++i) {
      int64_t o = i / (s.axis * s.inner);
      int64_t a = i / s.inner % s.axis;
      f(i, int64_t{1}, (o * blocks + a / s.block) * s.inner + i % s.inner);
    }
  } else if (s.per_axis) {
    parallel_for(threads, s.outer * s.axis, kGrain / std::max<int64_t>(s.inner, 1), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) f(row * s.inner, s.inner, row % s.axis);
    });
  } else {
    parallel_for(threads, total, kGrain, [&](int64_t begin, int64_t end) { f(begin, end - begin, int64_t{0}); });
  }
}

template <typename T>
T quantize_any(double x, double scale, int64_t zero_point) {
  double v = std::nearbyint(x / scale) + static_cast<double>(zero_point);
  double low = std::numeric_limits<T>::min();
  double high = std::numeric_limits<T>::max();
  return static_cast<T>(!(v > low) ? low : std::min(v, high));
}

template <typename T, typename X>
void quantize_general(const ScaleLayout& s, const X* x, DType scale_dtype, const void* scale, const T* zero_point, T* y,
                      int threads) {
  walk_runs(s, threads, [&](int64_t begin, int64_t n, int64_t k) {
    double step = scale_at(scale_dtype, scale, k);
    int64_t zero = zero_point != nullptr ? zero_point[k] : 0;
    for (int64_t i = begin; i < begin + n; ++i) y[i] = quantize_any<T>(convert_element<float>(x[i]), step, zero);
  });
}

}  // namespace

float scale_at(DType dtype, const void* scale, int64_t i) {
  switch (dtype) {
    case DType::f32: return static_cast<const float*>(scale)[i];
    case DType::f16: return to_float(static_cast<const Half*>(scale)[i]);
    case DType::bf16: return to_float(static_cast<const BFloat16*>(scale)[i]);
    case DType::f64: return static_cast<float>(static_cast<const double*>(scale)[i]);
    default: CHECK(false, "scale of another type");
  }
  __builtin_unreachable();
}

void quantize_u8(const float* x, uint8_t* y, int64_t n, float scale, int32_t zero_point) {
  HWY_DYNAMIC_DISPATCH(QuantizeU8)(x, y, n, scale, zero_point);
}

void quantize_i8(const float* x, int8_t* y, int64_t n, float scale, int32_t zero_point) {
  HWY_DYNAMIC_DISPATCH(QuantizeI8)(x, y, n, scale, zero_point);
}

void quantize(const ScaleLayout& s, DType x_dtype, const void* x, DType scale_dtype, const void* scale, DType q,
              const void* zero_point, void* y, int threads) {
  visit_quantized(q, [&]<typename T>(TypeTag<T>) {
    const T* zero = static_cast<const T*>(zero_point);
    T* to = static_cast<T*>(y);
    if constexpr (sizeof(T) == 1) {
      if (x_dtype == DType::f32 && s.block == 0) {
        const float* from = static_cast<const float*>(x);
        return walk_runs(s, threads, [&](int64_t begin, int64_t n, int64_t k) {
          float step = scale_at(scale_dtype, scale, k);
          int32_t z = zero != nullptr ? zero[k] : 0;
          if constexpr (std::is_same_v<T, uint8_t>) {
            quantize_u8(from + begin, to + begin, n, step, z);
          } else {
            quantize_i8(from + begin, to + begin, n, step, z);
          }
        });
      }
    }
    visit_dtype(x_dtype, [&]<typename X>(TypeTag<X>) {
      quantize_general(s, static_cast<const X*>(x), scale_dtype, scale, zero, to, threads);
    });
  });
}

void dequantize(const ScaleLayout& s, DType q, const void* x, DType y_dtype, const void* scale, const void* zero_point,
                void* y, int threads) {
  visit_quantized(q, [&]<typename T>(TypeTag<T>) {
    const T* from = static_cast<const T*>(x);
    const T* zero = static_cast<const T*>(zero_point);
    visit_dtype(y_dtype, [&]<typename Y>(TypeTag<Y>) {
      Y* to = static_cast<Y*>(y);
      walk_runs(s, threads, [&](int64_t begin, int64_t n, int64_t k) {
        float step = scale_at(y_dtype, scale, k);
        int64_t z = zero != nullptr ? zero[k] : 0;
        if constexpr (std::is_same_v<Y, float> && std::is_same_v<T, uint8_t>) {
          HWY_DYNAMIC_DISPATCH(DequantizeU8)(from + begin, to + begin, n, step, static_cast<int32_t>(z));
        } else if constexpr (std::is_same_v<Y, float> && std::is_same_v<T, int8_t>) {
          HWY_DYNAMIC_DISPATCH(DequantizeI8)(from + begin, to + begin, n, step, static_cast<int32_t>(z));
        } else {
          for (int64_t i = begin; i < begin + n; ++i) {
            to[i] = convert_element<Y>(static_cast<float>(static_cast<int64_t>(from[i]) - z) * step);
          }
        }
      });
    });
  });
}

DynamicScale dynamic_scale(const float* x, int64_t n, int threads) {
  constexpr int kMostParts = 64;
  float lows[kMostParts] = {};
  float highs[kMostParts] = {};
  int parts = static_cast<int>(std::clamp<int64_t>(n / kGrain, 1, std::min(threads, kMostParts)));
  parallel_for(parts, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      int64_t from = n * p / parts;
      HWY_DYNAMIC_DISPATCH(MinMax)(x + from, n * (p + 1) / parts - from, &lows[p], &highs[p]);
    }
  });
  float low = *std::min_element(lows, lows + parts);
  float high = *std::max_element(highs, highs + parts);
  if (!(high > low)) return {1, 0};
  float scale = (high - low) / 255.f;
  float zero = std::nearbyint(std::clamp(-low / scale, 0.f, 255.f));
  return {scale, static_cast<uint8_t>(zero)};
}

void rescale_to_float(const Rescale& r, const int32_t* acc, int64_t rows, float low, float* y, int threads) {
  parallel_for(threads, rows, kGrain / std::max<int64_t>(r.n, 1), [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(RescaleToFloat)(r, acc + begin * r.n, end - begin, low, y + begin * r.n);
  });
}

void rescale_to_int8(const Rescale& r, const int32_t* acc, int64_t rows, int32_t zero_point, int32_t low, DType q,
                     void* y, int threads) {
  parallel_for(threads, rows, kGrain / std::max<int64_t>(r.n, 1), [&](int64_t begin, int64_t end) {
    const int32_t* from = acc + begin * r.n;
    if (q == DType::u8) {
      HWY_DYNAMIC_DISPATCH(RescaleToU8)
      (r, from, end - begin, zero_point, low, static_cast<uint8_t*>(y) + begin * r.n);
    } else {
      HWY_DYNAMIC_DISPATCH(RescaleToI8)
      (r, from, end - begin, zero_point, low, static_cast<int8_t*>(y) + begin * r.n);
    }
  });
}

void subtract_offset(const int32_t* offset, int64_t n, int32_t* acc, int64_t rows, int threads) {
  parallel_for(threads, rows, kGrain / std::max<int64_t>(n, 1), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t i = 0; i < n; ++i) acc[row * n + i] -= offset[i];
    }
  });
}

}  // namespace slipway::kernels
#endif  // HWY_ONCE
