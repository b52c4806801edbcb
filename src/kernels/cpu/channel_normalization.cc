// Batch normalization over rows of channels, vectorized over the channels.
#include "kernels/channel_normalization.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/channel_normalization.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

// Sums stay in registers only where every loop over them is unrolled.
#define SLIPWAY_UNROLL _Pragma("GCC unroll 4")

// Numbers that stay in the first cache between two passes, and rows that are summed in float32.
constexpr int64_t kNear = 4096, kMostRows = 256;

HWY_INLINE int64_t lanes() { return static_cast<int64_t>(hn::Lanes(D())); }

// f(first channel, how many vectors as a type, lanes in use of the last one) over groups of channels.
template <int kN>
struct Vectors {
  static constexpr int count = kN;
};
template <class F>
HWY_INLINE void over_channels(int64_t channels, const F& f) {
  int64_t c = 0;
  for (; c + 4 * lanes() <= channels; c += 4 * lanes()) f(c, Vectors<4>(), lanes());
  for (; c < channels; c += lanes()) f(c, Vectors<1>(), HWY_MIN(lanes(), channels - c));
}

HWY_INLINE V load(const float* from, int64_t n) { return load_some(D(), from, n, hn::Zero(D())); }

// to[0, n) += v
HWY_INLINE void add_to(double* to, V v, int64_t n) {
  HWY_ALIGN float part[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, D(), part);
  for (int64_t i = 0; i < n; ++i) to[i] += static_cast<double>(part[i]);
}

// Two sums over rows of one group of channels: term(row, j) of vector j gives what is added to them.
template <int kN, class F>
HWY_INLINE void sum_rows(int64_t rows, int64_t n, double* first, double* second, const F& term) {
  constexpr int kSets = 4 / kN;  // sums of one vector alone would wait for each other
  V a[kSets][kN], b[kSets][kN];
  SLIPWAY_UNROLL for (int s = 0; s < kSets; ++s) {
    SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) a[s][j] = b[s][j] = hn::Zero(D());
  }
  int64_t r = 0;
  for (; r + kSets <= rows; r += kSets) {
    SLIPWAY_UNROLL for (int s = 0; s < kSets; ++s) {
      SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) term(r + s, j, a[s][j], b[s][j]);
    }
  }
  for (; r < rows; ++r) {
    SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) term(r, j, a[0][j], b[0][j]);
  }
  SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) {
    SLIPWAY_UNROLL for (int s = 1; s < kSets; ++s) {
      a[0][j] = hn::Add(a[0][j], a[s][j]);
      b[0][j] = hn::Add(b[0][j], b[s][j]);
    }
    add_to(first + j * lanes(), a[0][j], n);
    if (second != nullptr) add_to(second + j * lanes(), b[0][j], n);
  }
}

HWY_INLINE int64_t near_rows(int64_t channels) {
  return HWY_MAX(int64_t{1}, HWY_MIN(kMostRows, kNear / HWY_MAX(channels, int64_t{1})));
}

}  // namespace

// Sum and squares around the mean of rows [first, last), into sum and squares [channels].
void moments(const float* x, int64_t first, int64_t last, int64_t channels, double* sum, double* squares) {
  const int64_t block = near_rows(channels);
  std::memset(sum, 0, static_cast<size_t>(channels) * sizeof(double));
  std::memset(squares, 0, static_cast<size_t>(channels) * sizeof(double));
  for (int64_t at = first; at < last; at += block) {
    const int64_t rows = HWY_MIN(block, last - at);
    const double before = static_cast<double>(at - first), n = static_cast<double>(rows);
    const float* from = x + at * channels;
    over_channels(channels, [&](int64_t c, auto vectors, int64_t used) HWY_ATTR {
      constexpr int kN = decltype(vectors)::count;
      double total[4 * HWY_MAX_BYTES / sizeof(float)] = {};
      sum_rows<kN>(rows, used, total, nullptr, [&](int64_t r, int j, V& a, V&) HWY_ATTR {
        a = hn::Add(a, load(from + r * channels + c + j * lanes(), used));
      });
      constexpr size_t kMost = 4 * HWY_MAX_BYTES / sizeof(float);
      HWY_ALIGN float near[kMost] = {};  // the mean, nearly
      const int64_t many = (kN - 1) * lanes() + used;
      for (int64_t i = 0; i < many; ++i) near[i] = static_cast<float>(total[i] / n);
      double gaps[kMost] = {}, around[kMost] = {};
      sum_rows<kN>(rows, used, gaps, around, [&](int64_t r, int j, V& a, V& b) HWY_ATTR {
        const V gap = hn::Sub(load(from + r * channels + c + j * lanes(), used), hn::Load(D(), near + j * lanes()));
        a = hn::Add(a, gap);
        b = hn::MulAdd(gap, gap, b);
      });
      for (int64_t i = 0; i < many; ++i) {
        const double mean = static_cast<double>(near[i]) + gaps[i] / n;
        const double gap = before > 0 ? mean - sum[c + i] / before : 0;
        squares[c + i] += around[i] - gaps[i] * gaps[i] / n + gap * gap * before * n / (before + n);
        sum[c + i] += mean * n;
      }
    });
  }
}

void normalize(const float* x, const float* addend, int64_t rows, int64_t channels, const ChannelAffine& f, bool relu,
               float* y) {
  auto each = [&](int64_t c, auto vectors, int64_t used) HWY_ATTR {
    constexpr int kN = decltype(vectors)::count;
    V mean[kN], factor[kN], bias[kN];
    SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) {
      mean[j] = load(f.mean + c + j * lanes(), used);
      factor[j] = load(f.factor + c + j * lanes(), used);
      bias[j] = load(f.bias + c + j * lanes(), used);
    }
    for (int64_t r = 0; r < rows; ++r) {
      SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) {
        const int64_t at = r * channels + c + j * lanes();
        V v = hn::MulAdd(hn::Sub(load(x + at, used), mean[j]), factor[j], bias[j]);
        if (addend != nullptr) v = hn::Add(v, load(addend + at, used));
        if (relu) v = hn::IfThenZeroElse(hn::Lt(v, hn::Zero(D())), v);
        store_some(v, D(), y + at, used);
      }
    }
  };
  over_channels(channels, each);
}

namespace {

// dy where it passes the rectifier behind (x - mean) factor + bias; gap = x - mean.
HWY_INLINE V passed(V dy, V gap, V factor, V bias, bool relu) {
  if (!relu) return dy;
  return hn::IfThenElseZero(hn::Gt(hn::MulAdd(gap, factor, bias), hn::Zero(D())), dy);
}

}  // namespace

// Σ g and Σ g (x - mean) of rows [first, last), into sum and product [channels].
void backward_sums(const float* x, const float* dy, int64_t first, int64_t last, int64_t channels,
                   const ChannelAffine& f, bool relu, double* sum, double* product) {
  std::memset(sum, 0, static_cast<size_t>(channels) * sizeof(double));
  std::memset(product, 0, static_cast<size_t>(channels) * sizeof(double));
  const int64_t block = near_rows(channels);
  for (int64_t start = first; start < last; start += block) {
    over_channels(channels, [&](int64_t c, auto vectors, int64_t used) HWY_ATTR {
      constexpr int kN = decltype(vectors)::count;
      V mean[kN], factor[kN], bias[kN];
      SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) {
        mean[j] = load(f.mean + c + j * lanes(), used);
        factor[j] = load(f.factor + c + j * lanes(), used);
        bias[j] = load(f.bias + c + j * lanes(), used);
      }
      sum_rows<kN>(HWY_MIN(block, last - start), used, sum + c, product + c,
                   [&](int64_t r, int j, V& a, V& b) HWY_ATTR {
                     const int64_t at = (start + r) * channels + c + j * lanes();
                     const V gap = hn::Sub(load(x + at, used), mean[j]);
                     const V g = passed(load(dy + at, used), gap, factor[j], bias[j], relu);
                     a = hn::Add(a, g);
                     b = hn::MulAdd(g, gap, b);
                   });
    });
  }
}

// dx = factor g + shift + slope (x - mean)
void backward_rows(const float* x, const float* dy, int64_t rows, int64_t channels, const ChannelAffine& f, bool relu,
                   const float* shift, const float* slope, float* dx) {
  over_channels(channels, [&](int64_t c, auto vectors, int64_t used) HWY_ATTR {
    constexpr int kN = decltype(vectors)::count;
    V mean[kN], factor[kN], bias[kN], shifts[kN], slopes[kN];
    SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) {
      mean[j] = load(f.mean + c + j * lanes(), used);
      factor[j] = load(f.factor + c + j * lanes(), used);
      bias[j] = load(f.bias + c + j * lanes(), used);
      shifts[j] = load(shift + c + j * lanes(), used);
      slopes[j] = load(slope + c + j * lanes(), used);
    }
    for (int64_t r = 0; r < rows; ++r) {
      SLIPWAY_UNROLL for (int j = 0; j < kN; ++j) {
        const int64_t at = r * channels + c + j * lanes();
        const V gap = hn::Sub(load(x + at, used), mean[j]);
        const V g = passed(load(dy + at, used), gap, factor[j], bias[j], relu);
        store_some(hn::MulAdd(factor[j], g, hn::MulAdd(slopes[j], gap, shifts[j])), D(), dx + at, used);
      }
    }
  });
}

#undef SLIPWAY_UNROLL
}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>

#include "kernels/parallel.h"

namespace slipway::kernels {

HWY_EXPORT(moments);
HWY_EXPORT(normalize);
HWY_EXPORT(backward_sums);
HWY_EXPORT(backward_rows);

namespace {

constexpr int64_t kGrain = 16384;  // numbers a part should have at least

// f(first row, last row) over parts of the rows on threads.
template <class F>
void over_rows(const ChannelRows& s, int threads, const F& f) {
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(s.channels, 1));
  parallel_for(threads, s.rows, grain, f);
}

// f(part, first row, last row)
template <class F>
void over_parts(const ChannelRows& s, int threads, const F& f) {
  const int64_t parts = s.parts();
  parallel_for(threads, parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p) f(p, s.rows * p / parts, s.rows * (p + 1) / parts);
  });
}

}  // namespace

int64_t ChannelRows::parts() const {
  constexpr int64_t kMost = 16;
  return std::clamp<int64_t>(rows * channels / kGrain, 1, kMost);
}

void channel_moments(const ChannelRows& s, const float* x, float* mean, float* variance, double* scratch, int threads) {
  const auto run = HWY_DYNAMIC_DISPATCH(moments);
  const int64_t parts = s.parts();
  double* squares = scratch + parts * s.channels;
  over_parts(s, threads, [&](int64_t p, int64_t first, int64_t last) {
    run(x, first, last, s.channels, scratch + p * s.channels, squares + p * s.channels);
  });
  for (int64_t c = 0; c < s.channels; ++c) {
    double sum = 0, around = 0, before = 0;
    for (int64_t p = 0; p < parts; ++p) {
      const double n = static_cast<double>(s.rows * (p + 1) / parts - s.rows * p / parts);
      const double gap = before > 0 ? scratch[p * s.channels + c] / n - sum / before : 0;
      around += squares[p * s.channels + c] + gap * gap * before * n / (before + n);
      sum += scratch[p * s.channels + c];
      before += n;
    }
    mean[c] = static_cast<float>(sum / before);
    variance[c] = static_cast<float>(around / before);
  }
}

void channel_normalize(const ChannelRows& s, const float* x, const ChannelAffine& f, const float* addend, bool relu,
                       float* y, int threads) {
  const auto run = HWY_DYNAMIC_DISPATCH(normalize);
  over_rows(s, threads, [&](int64_t first, int64_t last) {
    const int64_t at = first * s.channels;
    run(x + at, addend == nullptr ? nullptr : addend + at, last - first, s.channels, f, relu, y + at);
  });
}

void channel_normalize_backward(const ChannelRows& s, const float* x, const float* dy, const ChannelAffine& f,
                                const float* inverse, bool relu, float* dx, float* dscale, float* dbias,
                                double* scratch, int threads) {
  const auto sums = HWY_DYNAMIC_DISPATCH(backward_sums);
  const auto rows = HWY_DYNAMIC_DISPATCH(backward_rows);
  const int64_t parts = s.parts();
  double* products = scratch + parts * s.channels;
  over_parts(s, threads, [&](int64_t p, int64_t first, int64_t last) {
    sums(x, dy, first, last, s.channels, f, relu, scratch + p * s.channels, products + p * s.channels);
  });
  auto* shift = reinterpret_cast<float*>(products);  // both overwrite what has been read
  float* slope = shift + s.channels;
  const double n = static_cast<double>(s.rows);
  for (int64_t c = 0; c < s.channels; ++c) {
    double sum = 0, product = 0;
    for (int64_t p = 0; p < parts; ++p) {
      sum += scratch[p * s.channels + c];
      product += products[p * s.channels + c];
    }
    scratch[c] = sum;
    dscale[c] = static_cast<float>(product * static_cast<double>(inverse[c]));
    dbias[c] = static_cast<float>(sum);
  }
  for (int64_t c = 0; c < s.channels; ++c) {
    shift[c] = -f.factor[c] * static_cast<float>(scratch[c] / n);
    slope[c] = -f.factor[c] * inverse[c] * static_cast<float>(static_cast<double>(dscale[c]) / n);
  }
  over_rows(s, threads, [&](int64_t first, int64_t last) {
    const int64_t at = first * s.channels;
    rows(x + at, dy + at, last - first, s.channels, f, relu, shift, slope, dx + at);
  });
}

}  // namespace slipway::kernels
#endif
