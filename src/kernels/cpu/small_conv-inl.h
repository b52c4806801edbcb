// What the passes of convolutions with few channels share: channels of a position to a vector and back, padded images.
// Included once per target by the files that use hwy/foreach_target.h; not an ordinary header.
#if defined(SLIPWAY_KERNELS_CPU_SMALL_CONV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SLIPWAY_KERNELS_CPU_SMALL_CONV_INL_H_
#undef SLIPWAY_KERNELS_CPU_SMALL_CONV_INL_H_
#else
#define SLIPWAY_KERNELS_CPU_SMALL_CONV_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"
#include "kernels/small_conv.h"

// Sums stay in registers only where every loop over them is unrolled.
#define SLIPWAY_UNROLL _Pragma("GCC unroll 32")

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET <= HWY_AVX3

// Channels that share a vector.
inline int64_t vector_channels(int64_t channels) { return channels <= 8 ? 8 : 16; }
inline int64_t blocks_of(int64_t channels) {
  return (channels + vector_channels(channels) - 1) / vector_channels(channels);
}
inline int64_t round_up(int64_t n) { return (n + 15) / 16 * 16; }

// The same pointer, of which the compiler knows nothing: it reads again what an earlier pass of a loop has read, which
// a multiplication does for free, and does not carry it over in registers.
HWY_INLINE const float* anew(const float* p) {
  asm("" : "+r"(p));
  return p;
}

// f(tag) with the vector that holds `channels`.
template <class F>
void with_vector(int64_t channels, const F& f) {
  if (channels <= 8) {
    f(hn::FixedTag<float, 8>());
  } else {
    f(hn::FixedTag<float, 16>());
  }
}

using Quad = hn::FixedTag<float, 4>;

// Rows of a 4 x 4 matrix become its columns.
HWY_INLINE void transpose4(hn::Vec<Quad>* v) {
  const Quad d;
  const hn::Repartition<double, Quad> pairs;
  const auto a = hn::BitCast(pairs, hn::InterleaveLower(d, v[0], v[1]));
  const auto b = hn::BitCast(pairs, hn::InterleaveUpper(d, v[0], v[1]));
  const auto c = hn::BitCast(pairs, hn::InterleaveLower(d, v[2], v[3]));
  const auto e = hn::BitCast(pairs, hn::InterleaveUpper(d, v[2], v[3]));
  v[0] = hn::BitCast(d, hn::InterleaveLower(pairs, a, c));
  v[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, a, c));
  v[2] = hn::BitCast(d, hn::InterleaveLower(pairs, b, e));
  v[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, b, e));
}

// [channels, positions], planes `plane` apart, as [positions, lanes]; lanes beyond `channels` are 0.
inline void planes_to_vectors(const float* from, int64_t plane, int64_t channels, int64_t positions, int64_t lanes,
                              float* to) {
  const Quad d;
  for (int64_t first = 0; first < lanes; first += 4) {
    const int64_t real = std::clamp<int64_t>(channels - first, 0, 4);
    const float* rows = from + first * plane;
    int64_t i = 0;
    for (; i + 4 <= positions; i += 4) {
      hn::Vec<Quad> v[4];
      for (int64_t r = 0; r < 4; ++r) v[r] = r < real ? hn::LoadU(d, rows + r * plane + i) : hn::Zero(d);
      transpose4(v);
      for (int64_t r = 0; r < 4; ++r) hn::Store(v[r], d, to + (i + r) * lanes + first);
    }
    for (; i < positions; ++i) {
      for (int64_t r = 0; r < 4; ++r) to[i * lanes + first + r] = r < real ? rows[r * plane + i] : 0;
    }
  }
}

// [positions, lanes] as [channels, positions], planes `plane` apart.
inline void vectors_to_planes(const float* from, int64_t lanes, int64_t channels, int64_t positions, float* to,
                              int64_t plane) {
  const Quad d;
  for (int64_t first = 0; first < channels; first += 4) {
    const int64_t real = std::min<int64_t>(channels - first, 4);
    float* rows = to + first * plane;
    int64_t i = 0;
    for (; i + 4 <= positions; i += 4) {
      hn::Vec<Quad> v[4];
      for (int64_t r = 0; r < 4; ++r) v[r] = hn::Load(d, from + (i + r) * lanes + first);
      transpose4(v);
      for (int64_t r = 0; r < real; ++r) hn::StoreU(v[r], d, rows + r * plane + i);
    }
    for (; i < positions; ++i) {
      for (int64_t r = 0; r < real; ++r) rows[r * plane + i] = from[i * lanes + first + r];
    }
  }
}

// One image of X whose windows all lie inside.
struct Image {
  const float* data;
  int64_t row, plane;  // floats from one to the next
};

inline int64_t image_floats(const SmallConv& s) { return s.padded() ? round_up(s.c * s.reach_h() * s.reach_w()) : 0; }

// x: [c, h, w]; copied into `room` where windows leave it.
inline Image image_of(const SmallConv& s, const float* x, float* room) {
  if (!s.padded()) return {x, s.w, s.h * s.w};
  const int64_t height = s.reach_h(), width = s.reach_w();
  const int64_t rows = std::min(s.h, height - s.top), columns = std::min(s.w, width - s.left);
  for (int64_t c = 0; c < s.c; ++c) {
    float* to = room + c * height * width;
    std::fill_n(to, s.top * width, 0.0f);
    for (int64_t y = 0; y < rows; ++y) {
      float* line = to + (s.top + y) * width;
      std::fill_n(line, s.left, 0.0f);
      std::memcpy(line + s.left, x + (c * s.h + y) * s.w, static_cast<size_t>(columns) * sizeof(float));
      std::fill_n(line + s.left + columns, width - s.left - columns, 0.0f);
    }
    std::fill_n(to + (s.top + rows) * width, (height - s.top - rows) * width, 0.0f);
  }
  return {room, width, height * width};
}

#endif  // HWY_TARGET <= HWY_AVX3

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SLIPWAY_KERNELS_CPU_SMALL_CONV_INL_H_
