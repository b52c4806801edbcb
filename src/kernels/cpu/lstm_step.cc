// Vectorized LSTM steps.
#include "kernels/lstm_step.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/lstm_step.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

// Sums stay in registers only where every loop over them is unrolled.
#define SLIPWAY_UNROLL _Pragma("GCC unroll 8")

constexpr int kGates = 4;
// Sequences whose sums fit the registers: 4 gates each, besides the weights.
constexpr int64_t kMostRows = HWY_TARGET <= HWY_AVX3 ? 6 : 2;

// The gates of `n` units of one sequence, from their sums.
HWY_INLINE void finish(const LstmStep& s, int64_t b, int64_t unit, int64_t n, const V* sums) {
  const D d;
  const V zero = hn::Zero(d);
  const int64_t state = b * s.hidden + unit;
  if (s.rows->over(b, s.step)) {
    store_some(load_some(d, s.h + state, n, zero), d, s.next + state, n);
    if (s.y != nullptr) store_some(zero, d, s.y + s.rows->y(b, s.step) + unit, n);
    return;
  }
  const int64_t time = s.rows->time(b, s.step);
  const float* z = s.gates + s.rows->row(b, time) * kGates * s.hidden + unit;
  V gate[kGates];
  for (int g = 0; g < kGates; ++g) {
    const V bias = load_some(d, s.bias + g * s.hidden + unit, n, zero);
    gate[g] = hn::Add(hn::Add(sums[g], load_some(d, z + g * s.hidden, n, zero)), bias);
  }
  const V kept = hn::Mul(sigmoid(d, gate[2]), load_some(d, s.c + state, n, zero));
  const V c = hn::MulAdd(sigmoid(d, gate[0]), tanh(d, gate[3]), kept);
  const V h = hn::Mul(sigmoid(d, gate[1]), tanh(d, c));
  store_some(c, d, s.c + state, n);
  store_some(h, d, s.next + state, n);
  if (s.y != nullptr) store_some(h, d, s.y + s.rows->y(b, time) + unit, n);
}

// `kRows` sequences from `b` on: h R for one panel, in registers.
template <int kRows>
HWY_INLINE void panel(const LstmStep& s, int64_t b, int64_t p) {
  // Sums of one sequence alone would wait for each other: two sets of them take turns.
  constexpr int kSets = kRows == 1 ? 2 : 1;
  const D d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d)), n = s.hidden;
  const float* w = s.packed + p * n * kGates * lanes;
  const float* h = s.h + b * n;
  V sums[kSets][kRows][kGates];
  SLIPWAY_UNROLL for (int set = 0; set < kSets; ++set) {
    SLIPWAY_UNROLL for (int r = 0; r < kRows; ++r) {
      SLIPWAY_UNROLL for (int g = 0; g < kGates; ++g) sums[set][r][g] = hn::Zero(d);
    }
  }
  auto add = [&](int64_t k, auto& set) HWY_ATTR {
    SLIPWAY_UNROLL for (int g = 0; g < kGates; ++g) {
      const V weights = hn::Load(d, w + (k * kGates + g) * lanes);
      SLIPWAY_UNROLL for (int r = 0; r < kRows; ++r) set[r][g] =
          hn::MulAdd(hn::Set(d, h[r * n + k]), weights, set[r][g]);
    }
  };
  int64_t k = 0;
  for (; k + kSets <= n; k += kSets) {
    add(k, sums[0]);
    if constexpr (kSets == 2) add(k + 1, sums[1]);
  }
  if (k < n) add(k, sums[0]);
  SLIPWAY_UNROLL for (int r = 0; r < kRows; ++r) {
    SLIPWAY_UNROLL for (int g = 0; kSets == 2 && g < kGates; ++g) sums[0][r][g] =
        hn::Add(sums[0][r][g], sums[kSets - 1][r][g]);
    finish(s, b + r, p * lanes, std::min(lanes, n - p * lanes), sums[0][r]);
  }
}

void rows_of_panel(const LstmStep& s, int64_t b, int64_t rows, int64_t p) {
  switch (rows) {
    case 1: return panel<1>(s, b, p);
    case 2: return panel<2>(s, b, p);
#if HWY_TARGET <= HWY_AVX3
    case 3: return panel<3>(s, b, p);
    case 4: return panel<4>(s, b, p);
    case 5: return panel<5>(s, b, p);
    default: return panel<6>(s, b, p);
#endif
  }
}

#undef SLIPWAY_UNROLL
}  // namespace

int64_t lanes() { return static_cast<int64_t>(hn::Lanes(D())); }

void run_panels(const LstmStep& s, int64_t first, int64_t last) {
  const int64_t parts = (s.batch + kMostRows - 1) / kMostRows;
  for (int64_t p = first; p < last; ++p) {
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t b = s.batch * part / parts;
      rows_of_panel(s, b, s.batch * (part + 1) / parts - b, p);
    }
  }
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {

HWY_EXPORT(lanes);
HWY_EXPORT(run_panels);

int64_t lstm_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

Tensor pack_lstm(const Tensor& r) {
  const int64_t n = r.shape().back(), lanes = lstm_lanes(), panels = lstm_panels(n);
  Tensor packed(DType::f32, {panels, n, 4, lanes});
  const float* from = r.data<float>().data();
  float* to = packed.mutable_data<float>().data();
  for (int64_t p = 0; p < panels; ++p) {
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t g = 0; g < 4; ++g, to += lanes) {
        for (int64_t i = 0; i < std::min(lanes, n - p * lanes); ++i) to[i] = from[(g * n + p * lanes + i) * n + k];
      }
    }
  }
  return packed;
}

void run_lstm_panels(const LstmStep& step, int64_t first, int64_t last) {
  HWY_DYNAMIC_DISPATCH(run_panels)(step, first, last);
}

}  // namespace slipway::kernels
#endif
