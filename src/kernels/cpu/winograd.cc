// The vectorized steps of Winograd's convolutions: transforms of tiles, and the products between them.
#include "kernels/winograd.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd.cc"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

// Values stay in registers only where every loop over them is unrolled.
#define SLIPWAY_UNROLL _Pragma("GCC unroll 12")

// The points a and b; all products of them that the matrices hold are exact.
constexpr float kA = 0.75f, kB = 1.5f, kA2 = kA * kA, kB2 = kB * kB, kA3 = kA2 * kA, kB3 = kB2 * kB;
constexpr float kBoth = kA2 * kB2, kSum = kA2 + kB2;
// Rows of G are those of the points over these.
constexpr float kG0 = 1 / kBoth, kGa = 1 / (2 * kA2 * (kA2 - kB2)), kGb = 1 / (2 * kB2 * (kB2 - kA2));

// Registers for sums: rows of one block of products, and vectors of each row.
constexpr int kRows = 12;
constexpr int kVectors = HWY_TARGET <= HWY_AVX3 ? 2 : 1;

HWY_INLINE V set(float x) { return hn::Set(D(), x); }
HWY_INLINE int64_t lanes() { return static_cast<int64_t>(hn::Lanes(D())); }

// Rows 0, 1, 2 of B' d.
HWY_INLINE void first_half(const V* d, V* to) {
  const V even = hn::NegMulAdd(set(kB2), d[2], d[4]), odd = hn::NegMulAdd(set(kB2), d[1], d[3]);
  to[0] = hn::MulAdd(set(kBoth), d[0], hn::NegMulAdd(set(kSum), d[2], d[4]));
  to[1] = hn::MulAdd(set(kA), odd, even);
  to[2] = hn::NegMulAdd(set(kA), odd, even);
}

// Rows 3, 4, 5 of B' d.
HWY_INLINE void second_half(const V* d, V* to) {
  const V even = hn::NegMulAdd(set(kA2), d[2], d[4]), odd = hn::NegMulAdd(set(kA2), d[1], d[3]);
  to[0] = hn::MulAdd(set(kB), odd, even);
  to[1] = hn::NegMulAdd(set(kB), odd, even);
  to[2] = hn::MulAdd(set(kBoth), d[1], hn::NegMulAdd(set(kSum), d[3], d[5]));
}

// A' m: 6 to 4.
HWY_INLINE void gathered(const V* m, V* to) {
  const V plus_a = hn::Add(m[1], m[2]), minus_a = hn::Sub(m[1], m[2]);
  const V plus_b = hn::Add(m[3], m[4]), minus_b = hn::Sub(m[3], m[4]);
  to[0] = hn::Add(m[0], hn::Add(plus_a, plus_b));
  to[1] = hn::MulAdd(set(kB), minus_b, hn::Mul(set(kA), minus_a));
  to[2] = hn::MulAdd(set(kB2), plus_b, hn::Mul(set(kA2), plus_a));
  to[3] = hn::MulAdd(set(kB3), minus_b, hn::MulAdd(set(kA3), minus_a, m[5]));
}

// A g: 4 to 6.
HWY_INLINE void spread(const V* g, V* to) {
  const V even_a = hn::MulAdd(set(kA2), g[2], g[0]), odd_a = hn::MulAdd(set(kA2), g[3], g[1]);
  const V even_b = hn::MulAdd(set(kB2), g[2], g[0]), odd_b = hn::MulAdd(set(kB2), g[3], g[1]);
  to[0] = g[0];
  to[1] = hn::MulAdd(set(kA), odd_a, even_a);
  to[2] = hn::NegMulAdd(set(kA), odd_a, even_a);
  to[3] = hn::MulAdd(set(kB), odd_b, even_b);
  to[4] = hn::NegMulAdd(set(kB), odd_b, even_b);
  to[5] = g[3];
}

// G g: 3 to 6.
HWY_INLINE void filtered(const V* g, V* to) {
  const V even_a = hn::Mul(set(kGa), hn::MulAdd(set(kA2), g[2], g[0]));
  const V even_b = hn::Mul(set(kGb), hn::MulAdd(set(kB2), g[2], g[0]));
  to[0] = hn::Mul(set(kG0), g[0]);
  to[1] = hn::MulAdd(set(kGa * kA), g[1], even_a);
  to[2] = hn::NegMulAdd(set(kGa * kA), g[1], even_a);
  to[3] = hn::MulAdd(set(kGb * kB), g[1], even_b);
  to[4] = hn::NegMulAdd(set(kGb * kB), g[1], even_b);
  to[5] = g[2];
}

// G' d: 6 to 3.
HWY_INLINE void unfiltered(const V* d, V* to) {
  const V even_a = hn::Mul(set(kGa), hn::Add(d[1], d[2])), odd_a = hn::Mul(set(kGa * kA), hn::Sub(d[1], d[2]));
  const V even_b = hn::Mul(set(kGb), hn::Add(d[3], d[4])), odd_b = hn::Mul(set(kGb * kB), hn::Sub(d[3], d[4]));
  to[0] = hn::MulAdd(set(kG0), d[0], hn::Add(even_a, even_b));
  to[1] = hn::Add(odd_a, odd_b);
  to[2] = hn::MulAdd(set(kA2), even_a, hn::MulAdd(set(kB2), even_b, d[5]));
}

// The pixels of a tile that lies inside the image.
struct Inside {
  const float* first;
  int64_t row, column;
  HWY_INLINE const float* operator()(int i, int j) const { return first + i * row + j * column; }
};

// Those of a tile that lies across its border: pixels outside are `zeros`.
template <int kSize>
struct Across {
  const float* at[kSize * kSize];
  Across(const float* image, int64_t height, int64_t width, int64_t channels, int64_t y, int64_t x,
         const float* zeros) {
    const float* pixel = image + (y * width + x) * channels;
    for (int i = 0; i < kSize; ++i, pixel += width * channels) {
      const bool inside = y + i >= 0 && y + i < height;
      for (int j = 0; j < kSize; ++j) {
        at[i * kSize + j] = inside && x + j >= 0 && x + j < width ? pixel + j * channels : zeros;
      }
    }
  }
  HWY_INLINE const float* operator()(int i, int j) const { return at[i * kSize + j]; }
};

// Where a tile lies, and where the next one does.
struct Place {
  int64_t image, y, x;
  Place(const WinogradShape& s, int64_t tile)
      : image(tile / (s.down() * s.across())), y(tile / s.across() % s.down() * 4), x(tile % s.across() * 4) {}
  HWY_INLINE void next(const WinogradShape& s) {
    x += 4;
    if (x < s.out_width) return;
    x = 0;
    y += 4;
    if (y < s.out_height) return;
    y = 0;
    ++image;
  }
};

// Half of the columns of B' d B for one vector of channels.
template <bool kSecond, class At>
HWY_INLINE void half_input(const At& at, int64_t c, float* v, int64_t step) {
  V columns[6][3];
  SLIPWAY_UNROLL for (int i = 0; i < 6; ++i) {
    V d[6];
    SLIPWAY_UNROLL for (int j = kSecond ? 1 : 0; j < (kSecond ? 6 : 5); ++j) d[j] = hn::LoadU(D(), at(i, j) + c);
    if constexpr (kSecond) {
      second_half(d, columns[i]);
    } else {
      first_half(d, columns[i]);
    }
  }
  SLIPWAY_UNROLL for (int j = 0; j < 3; ++j) {
    V d[6], to[6];
    SLIPWAY_UNROLL for (int i = 0; i < 6; ++i) d[i] = columns[i][j];
    first_half(d, to);
    second_half(d, to + 3);
    float* column = v + (j + (kSecond ? 3 : 0)) * step + c;
    SLIPWAY_UNROLL for (int i = 0; i < 6; ++i) hn::StoreU(to[i], D(), column + i * 6 * step);
  }
}

// Asks for the pixels of a tile but for those that it shares with its neighbour on the left. Products call for nothing
// from memory: what the next tiles read and these write comes meanwhile.
template <int kSize>
HWY_INLINE void prefetch(const float* image, int64_t height, int64_t width, int64_t channels, int64_t y, int64_t x) {
  constexpr int64_t kLine = 16;
  for (int64_t i = HWY_MAX(y, 0); i < HWY_MIN(y + kSize, height); ++i) {
    const float* row = image + (i * width + x + kSize - 4) * channels;
    for (int64_t c = 0; c < 4 * channels; c += kLine) hwy::Prefetch(row + c);
  }
}

// v[point * step + c] of B' d B for a range of channels c, counted from its first.
template <class At>
HWY_INLINE void input_tile(const At& at, ChannelRange range, float* v, int64_t step) {
  for (int64_t c = range.first; c < range.last; c += lanes()) {
    half_input<false>(at, c, v - range.first, step);
    half_input<true>(at, c, v - range.first, step);
  }
}

void input_tile(const WinogradShape& s, const float* x, const Place& place, ChannelRange range, const float* zeros,
                float* v, int64_t step) {
  const int64_t top = place.y - s.top, left = place.x - s.left;
  const float* image = x + place.image * s.height * s.width * s.channels;
  if (top >= 0 && top + 6 <= s.height && left >= 0 && left + 6 <= s.width) {
    const int64_t row = s.width * s.channels;
    input_tile(Inside{image + top * row + left * s.channels, row, s.channels}, range, v, step);
  } else {
    input_tile(Across<6>(image, s.height, s.width, s.channels, top, left, zeros), range, v, step);
  }
}

HWY_INLINE void prefetch_input(const WinogradShape& s, const float* x, const Place& place) {
  prefetch<6>(x + place.image * s.height * s.width * s.channels, s.height, s.width, s.channels, place.y - s.top,
              place.x - s.left);
}

HWY_INLINE void prefetch_output(const WinogradShape& s, const float* y, const Place& place) {
  prefetch<4>(y + place.image * s.out_height * s.out_width * s.filters, s.out_height, s.out_width, s.filters, place.y,
              place.x);
}

// z[point * step + k] of A dY A'.
template <class At>
HWY_INLINE void gradient_tile(const At& at, int64_t filters, float* z, int64_t step) {
  for (int64_t k = 0; k < filters; k += lanes()) {
    V columns[4][6];
    SLIPWAY_UNROLL for (int i = 0; i < 4; ++i) {
      V g[4];
      SLIPWAY_UNROLL for (int j = 0; j < 4; ++j) g[j] = hn::LoadU(D(), at(i, j) + k);
      spread(g, columns[i]);
    }
    SLIPWAY_UNROLL for (int j = 0; j < 6; ++j) {
      V g[4], to[6];
      SLIPWAY_UNROLL for (int i = 0; i < 4; ++i) g[i] = columns[i][j];
      spread(g, to);
      SLIPWAY_UNROLL for (int i = 0; i < 6; ++i) hn::StoreU(to[i], D(), z + (i * 6 + j) * step + k);
    }
  }
}

void gradient_tile(const WinogradShape& s, const float* dy, const Place& place, const float* zeros, float* z,
                   int64_t step) {
  const float* image = dy + place.image * s.out_height * s.out_width * s.filters;
  if (place.y + 4 <= s.out_height && place.x + 4 <= s.out_width) {
    const int64_t row = s.out_width * s.filters;
    gradient_tile(Inside{image + place.y * row + place.x * s.filters, row, s.filters}, s.filters, z, step);
  } else {
    gradient_tile(Across<4>(image, s.out_height, s.out_width, s.filters, place.y, place.x, zeros), s.filters, z, step);
  }
}

// Y = A' m A + bias of one tile, from m[point * step + k].
void output_tile(const WinogradShape& s, const float* m, int64_t step, const float* bias, const Place& place,
                 float* y) {
  const int64_t rows = HWY_MIN(4, s.out_height - place.y), columns = HWY_MIN(4, s.out_width - place.x);
  const int64_t row = s.out_width * s.filters;
  float* to = y + (place.image * s.out_height + place.y) * row + place.x * s.filters;
  for (int64_t k = 0; k < s.filters; k += lanes()) {
    V half[6][4];
    SLIPWAY_UNROLL for (int j = 0; j < 6; ++j) {
      V d[6];
      SLIPWAY_UNROLL for (int i = 0; i < 6; ++i) d[i] = hn::LoadU(D(), m + (i * 6 + j) * step + k);
      gathered(d, half[j]);
    }
    const V shift = bias == nullptr ? hn::Zero(D()) : hn::LoadU(D(), bias + k);
    SLIPWAY_UNROLL for (int i = 0; i < 4; ++i) {
      V d[6], out[4];
      SLIPWAY_UNROLL for (int j = 0; j < 6; ++j) d[j] = half[j][i];
      gathered(d, out);
      if (i >= rows) continue;
      SLIPWAY_UNROLL for (int j = 0; j < 4; ++j) {
        if (j < columns) hn::StoreU(hn::Add(out[j], shift), D(), to + i * row + j * s.filters + k);
      }
    }
  }
}

// m [rows, width] = v [rows, depth] u [depth, width] for kN rows and kM vectors of the width.
template <int kN, int kM>
HWY_INLINE void product(const float* v, const float* u, int64_t depth, int64_t width, float* m) {
  V sums[kN][kM];
  SLIPWAY_UNROLL for (int r = 0; r < kN; ++r) {
    SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) sums[r][j] = hn::Zero(D());
  }
  for (int64_t c = 0; c < depth; ++c) {
    V row[kM];
    SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) row[j] = hn::LoadU(D(), u + c * width + j * lanes());
    SLIPWAY_UNROLL for (int r = 0; r < kN; ++r) {
      const V factor = set(v[r * depth + c]);
      SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) sums[r][j] = hn::MulAdd(factor, row[j], sums[r][j]);
    }
  }
  SLIPWAY_UNROLL for (int r = 0; r < kN; ++r) {
    SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) hn::StoreU(sums[r][j], D(), m + r * width + j * lanes());
  }
}

template <int kM>
void products(const float* v, const float* u, int64_t rows, int64_t depth, int64_t width, float* m) {
  for (int64_t k = 0; k < width; k += kM * lanes()) {
    int64_t r = 0;
    for (; r + kRows <= rows; r += kRows) product<kRows, kM>(v + r * depth, u + k, depth, width, m + r * width + k);
    for (; r + 4 <= rows; r += 4) product<4, kM>(v + r * depth, u + k, depth, width, m + r * width + k);
    for (; r < rows; ++r) product<1, kM>(v + r * depth, u + k, depth, width, m + r * width + k);
  }
}

// d [channels, filters] += v' z over `rows` tiles, for kN channels and kM vectors of filters.
template <int kN, int kM>
HWY_INLINE void outer(const float* v, const float* z, int64_t rows, int64_t channels, int64_t filters, float* d) {
  V sums[kN][kM];
  SLIPWAY_UNROLL for (int r = 0; r < kN; ++r) {
    SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) sums[r][j] = hn::LoadU(D(), d + r * filters + j * lanes());
  }
  for (int64_t t = 0; t < rows; ++t) {
    V row[kM];
    SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) row[j] = hn::LoadU(D(), z + t * filters + j * lanes());
    SLIPWAY_UNROLL for (int r = 0; r < kN; ++r) {
      const V factor = set(v[t * channels + r]);
      SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) sums[r][j] = hn::MulAdd(factor, row[j], sums[r][j]);
    }
  }
  SLIPWAY_UNROLL for (int r = 0; r < kN; ++r) {
    SLIPWAY_UNROLL for (int j = 0; j < kM; ++j) hn::StoreU(sums[r][j], D(), d + r * filters + j * lanes());
  }
}

template <int kM>
void outers(const float* v, const float* z, int64_t rows, int64_t channels, int64_t filters, float* d) {
  constexpr int kN = 8;
  for (int64_t k = 0; k < filters; k += kM * lanes()) {
    for (int64_t c = 0; c < channels; c += kN) {
      outer<kN, kM>(v + c, z + k, rows, channels, filters, d + c * filters + k);
    }
  }
}

#undef SLIPWAY_UNROLL
}  // namespace

void filters(const float* taps, int64_t reduced, int64_t produced, bool turned, float* u) {
  for (int64_t c = 0; c < reduced; ++c) {
    for (int64_t k = 0; k < produced; k += lanes()) {
      V half[3][6];
      for (int i = 0; i < 3; ++i) {
        V g[3];
        for (int j = 0; j < 3; ++j) {
          const int tap = turned ? 8 - i * 3 - j : i * 3 + j;
          g[j] = hn::LoadU(D(), taps + (c * 9 + tap) * produced + k);
        }
        filtered(g, half[i]);
      }
      for (int j = 0; j < 6; ++j) {
        const V g[3] = {half[0][j], half[1][j], half[2][j]};
        V to[6];
        filtered(g, to);
        for (int i = 0; i < 6; ++i) hn::StoreU(to[i], D(), u + ((i * 6 + j) * reduced + c) * produced + k);
      }
    }
  }
}

void tiles(const WinogradShape& s, const float* x, const float* u, const float* bias, int64_t first, int64_t last,
           float* y, float* scratch) {
  const int64_t block = s.block(s.channels), v_step = block * s.channels + 16, m_step = block * s.filters + 16;
  float* v = scratch;
  float* m = v + kWinogradPoints * v_step;
  float* zeros = m + kWinogradPoints * m_step;
  std::memset(zeros, 0, static_cast<size_t>(s.channels) * sizeof(float));
  Place in(s, first), out(s, first);
  for (int64_t at = first; at < last; at += block) {
    const int64_t n = HWY_MIN(block, last - at);
    for (int64_t t = 0; t < n; ++t, in.next(s)) {
      input_tile(s, x, in, {0, s.channels}, zeros, v + t * s.channels, v_step);
    }
    Place coming = in, written = out;
    for (int64_t p = 0; p < kWinogradPoints; ++p) {
      const float* up = u + p * s.channels * s.filters;
      for (int64_t t = n * p / kWinogradPoints; t < n * (p + 1) / kWinogradPoints; ++t) {
        prefetch_output(s, y, written);
        written.next(s);
        if (at + n + t >= last) continue;
        prefetch_input(s, x, coming);
        coming.next(s);
      }
      if (s.filters % (kVectors * lanes()) == 0) {
        products<kVectors>(v + p * v_step, up, n, s.channels, s.filters, m + p * m_step);
      } else {
        products<1>(v + p * v_step, up, n, s.channels, s.filters, m + p * m_step);
      }
    }
    for (int64_t t = 0; t < n; ++t, out.next(s)) output_tile(s, m + t * s.filters, m_step, bias, out, y);
  }
}

void products_of_tiles(const WinogradShape& s, const float* x, const float* dy, ChannelRange range, int64_t first,
                       int64_t last, float* sums, float* scratch) {
  const int64_t channels = range.last - range.first, block = s.block(channels);
  const int64_t v_step = block * channels + 16, z_step = block * s.filters + 16;
  float* v = scratch;
  float* z = v + kWinogradPoints * v_step;
  float* zeros = z + kWinogradPoints * z_step;
  std::memset(zeros, 0, static_cast<size_t>(HWY_MAX(s.channels, s.filters)) * sizeof(float));
  Place place(s, first);
  for (int64_t at = first; at < last; at += block) {
    const int64_t n = HWY_MIN(block, last - at);
    for (int64_t t = 0; t < n; ++t, place.next(s)) {
      input_tile(s, x, place, range, zeros, v + t * channels, v_step);
      gradient_tile(s, dy, place, zeros, z + t * s.filters, z_step);
    }
    Place coming = place;
    for (int64_t p = 0; p < kWinogradPoints; ++p) {
      float* d = sums + (p * s.channels + range.first) * s.filters;
      for (int64_t t = n * p / kWinogradPoints; t < n * (p + 1) / kWinogradPoints && at + n + t < last; ++t) {
        prefetch_input(s, x, coming);
        prefetch_output(s, dy, coming);
        coming.next(s);
      }
      if (s.filters % (kVectors * lanes()) == 0) {
        outers<kVectors>(v + p * v_step, z + p * z_step, n, channels, s.filters, d);
      } else {
        outers<1>(v + p * v_step, z + p * z_step, n, channels, s.filters, d);
      }
    }
  }
}

void taps_of(const float* sums, int64_t parts, int64_t channels, int64_t filters, float* taps) {
  const int64_t point = channels * filters, part = kWinogradPoints * point;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t k = 0; k < filters; k += lanes()) {
      V half[6][3];
      for (int i = 0; i < 6; ++i) {
        V d[6];
        for (int j = 0; j < 6; ++j) {
          const float* at = sums + (i * 6 + j) * point + c * filters + k;
          d[j] = hn::LoadU(D(), at);
          for (int64_t p = 1; p < parts; ++p) d[j] = hn::Add(d[j], hn::LoadU(D(), at + p * part));
        }
        unfiltered(d, half[i]);
      }
      for (int j = 0; j < 3; ++j) {
        V d[6], g[3];
        for (int i = 0; i < 6; ++i) d[i] = half[i][j];
        unfiltered(d, g);
        for (int i = 0; i < 3; ++i) hn::StoreU(g[i], D(), taps + (c * 9 + i * 3 + j) * filters + k);
      }
    }
  }
}

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {

HWY_EXPORT(filters);
HWY_EXPORT(tiles);
HWY_EXPORT(products_of_tiles);
HWY_EXPORT(taps_of);

namespace {

constexpr int64_t kBlock = 112 * 1024;      // numbers that leave room in the second cache for filters or sums
constexpr int64_t kLeast = 12, kMost = 36;  // tiles

}  // namespace

int64_t WinogradShape::block(int64_t some_channels) const {
  const int64_t fits = kBlock / (kWinogradPoints * (some_channels + filters)) / kLeast * kLeast;
  return fits < kLeast ? kLeast : (fits > kMost ? kMost : fits);
}

int64_t WinogradShape::scratch() const {
  const int64_t least = kLeast * kWinogradPoints * (channels + filters);
  return (least > kBlock ? least : kBlock) + 32 * kWinogradPoints + (channels > filters ? channels : filters);
}

void winograd_filters(const float* taps, int64_t reduced, int64_t produced, bool turned, float* u) {
  HWY_DYNAMIC_DISPATCH(filters)(taps, reduced, produced, turned, u);
}
void winograd_tiles(const WinogradShape& s, const float* x, const float* u, const float* bias, int64_t first,
                    int64_t last, float* y, float* scratch) {
  HWY_DYNAMIC_DISPATCH(tiles)(s, x, u, bias, first, last, y, scratch);
}
void winograd_products(const WinogradShape& s, const float* x, const float* dy, ChannelRange range, int64_t first,
                       int64_t last, float* products, float* scratch) {
  HWY_DYNAMIC_DISPATCH(products_of_tiles)(s, x, dy, range, first, last, products, scratch);
}
void winograd_taps(const float* products, int64_t parts, int64_t channels, int64_t filters, float* taps) {
  HWY_DYNAMIC_DISPATCH(taps_of)(products, parts, channels, filters, taps);
}

}  // namespace slipway::kernels
#endif
