// Convolutions of bytes with AVX-512 VNNI: sums of four products at a time, rounded to bytes in registers.
#define HWY_WANT_AVX3_DL
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/byte_conv_rows.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include <cstring>
#include <utility>

#include "base/check.h"
#include "kernels/byte_conv_rows.h"

// Highway finds out at run time whether there is AVX512_VNNI, but (1.0) does not tell the compiler so.
#if HWY_TARGET == HWY_AVX3_DL
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512vnni")
#else
HWY_BEFORE_NAMESPACE();
#endif
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET == HWY_AVX3_DL

// f(0), f(1), … f(n - 1) with the numbers known to the compiler: sums that are to stay in registers need it.
template <int... kNumbers, typename F>
HWY_INLINE void with_each(std::integer_sequence<int, kNumbers...>, F&& f) {
  (f(std::integral_constant<int, kNumbers>()), ...);
}
template <int kCount, typename F>
HWY_INLINE void repeat(F&& f) {
  with_each(std::make_integer_sequence<int, kCount>(), f);
}
#define UNROLLED(i) [&](auto i) __attribute__((always_inline))

// sum += x w, of uint8 and int8, four products into each lane. As _mm512_dpbusd_epi32, but in place: given the choice,
// GCC 12 keeps two copies of every sum, one of them in memory.
HWY_INLINE void add_products(__m512i& sum, __m512i x, __m512i w) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
}

// Scales, summands and bounds in registers. Stores of bytes may change any memory, for all the compiler knows.
template <int kVectors>
struct Rounding {
  __m512 scale[kVectors], bias[kVectors];
  __m512i low, high;

  HWY_INLINE Rounding(const ByteRounding& r, int64_t channel)
      : low(_mm512_set1_epi8(static_cast<char>(r.low))), high(_mm512_set1_epi8(static_cast<char>(r.high))) {
    repeat<kVectors>(UNROLLED(v) {
      scale[v] = _mm512_loadu_ps(r.scale + channel + v * kSums);
      bias[v] = _mm512_loadu_ps(r.bias + channel + v * kSums);
    });
  }
  HWY_INLINE __m512i rounded(__m512i sum, int v) const {
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale[v], bias[v]));
  }
  HWY_INLINE __m512i clamped(__m512i bytes) const { return _mm512_min_epu8(_mm512_max_epu8(bytes, low), high); }
};

// The bytes of a to d, saturated: those of lane l of a, of b, of c, of d, for each l.
HWY_INLINE __m512i bytes_by_lane(__m512i a, __m512i b, __m512i c, __m512i d) {
  return _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
}

// The first n of `bytes`; any n.
HWY_INLINE void write(uint8_t* y, __m512i bytes, int64_t n) {
  if (n >= 64) {
    _mm512_storeu_si512(y, bytes);
  } else if (n > 0) {
    _mm512_mask_storeu_epi8(y, ~uint64_t{0} >> (64 - n), bytes);
  }
}

// kPositions positions by kVectors vectors of channels.
template <int kVectors, int kPositions>
struct Sums {
  __m512i of[kPositions][kVectors];

  HWY_INLINE Sums() {
    repeat<kPositions>(UNROLLED(p) { repeat<kVectors>(UNROLLED(v) { of[p][v] = _mm512_setzero_si512(); }); });
  }
  // Adds the products of four bytes of each position, at x + p step, and w.
  HWY_INLINE void add(const uint8_t* x, int64_t step, const int8_t* w) {
    __m512i factor[kVectors];
    repeat<kVectors>(UNROLLED(v) { factor[v] = _mm512_loadu_si512(w + 64 * v); });
    repeat<kPositions>(UNROLLED(p) {
      int32_t four;
      std::memcpy(&four, x + p * step, 4);
      const __m512i all = _mm512_set1_epi32(four);
      repeat<kVectors>(UNROLLED(v) { add_products(of[p][v], all, factor[v]); });
    });
  }
};

// Rounds and writes them: a vector of bytes holds four sums' vectors, of one position or several.
template <int kVectors, int kPositions>
HWY_INLINE void write_tile(const Sums<kVectors, kPositions>& sums, const DirectRow& a, int64_t position,
                           int64_t channel) {
  constexpr int kTogether = kVectors == 1 ? 4 : kVectors == 2 ? 2 : 1;  // positions in one vector of bytes
  constexpr int kEach = 4 / kTogether;                                  // vectors of sums for each
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const Rounding<kVectors> rounding(a.rounding, channel);
  const int64_t channels = a.channels, width = std::min<int64_t>(kVectors * kSums, channels - channel);
  uint8_t* y = a.y + position * channels + channel;
  const int64_t room = a.y_bytes - (position * channels + channel);  // from y
  const bool joined = kTogether > 1 && channels * kTogether == 64;
  repeat<(kPositions + kTogether - 1) / kTogether>(UNROLLED(part) {
    constexpr int kFirst = part * kTogether;
    __m512i q[4];
    repeat<4>(UNROLLED(i) {
      constexpr int kVector = i % kEach, kPosition = kFirst + i / kEach;
      if constexpr (kVector < kVectors && kPosition < kPositions) {
        q[i] = rounding.rounded(sums.of[kPosition][kVector], kVector);
      } else {
        q[i] = _mm512_setzero_si512();
      }
    });
    __m512i bytes = rounding.clamped(_mm512_permutexvar_epi32(order, bytes_by_lane(q[0], q[1], q[2], q[3])));
    constexpr int kGiven = std::min(kTogether, kPositions - kFirst);
    if (joined) {
      write(y + kFirst * channels, bytes, std::min(kGiven * channels, room - kFirst * channels));
    } else {
      repeat<kGiven>(UNROLLED(i) {
        write(y + (kFirst + i) * channels, bytes, std::min(width, room - (kFirst + i) * channels));
        bytes = _mm512_alignr_epi32(bytes, bytes, 16 / kTogether % 16);
      });
    }
  });
}

template <int kVectors, int kPositions>
void direct_tile(const DirectRow& a, const int8_t* w, int64_t position, int64_t channel) {
  Sums<kVectors, kPositions> sums;
  for (int64_t r = 0; r < a.run_count; ++r) {
    const uint8_t* x = a.runs[r] + position * a.step;
    for (int64_t q = 0; q < a.quads; ++q, x += 4, w += 64 * kVectors) sums.add(x, a.step, w);
  }
  write_tile(sums, a, position, channel);
}

using Tile = void (*)(const DirectRow& a, const int8_t* w, int64_t position, int64_t channel);

template <int kVectors, int... kPositions>
constexpr std::array<Tile, sizeof...(kPositions)> tiles_of(std::integer_sequence<int, kPositions...>) {
  return {direct_tile<kVectors, kPositions + 1>...};
}

// All positions of one block of channels, in tiles as equal as can be.
template <int kVectors, int kMost>
void direct_block(const DirectRow& a, const int8_t* w, int64_t channel) {
  static constexpr auto kTiles = tiles_of<kVectors>(std::make_integer_sequence<int, kMost>());
  const int64_t tiles = (a.positions + kMost - 1) / kMost;
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t begin = a.positions * t / tiles, end = a.positions * (t + 1) / tiles;
    kTiles[static_cast<size_t>(end - begin - 1)](a, w, begin, channel);
  }
}

void Direct(const DirectRow& a) {
  const ChannelBlocks blocks(a.channels);
  const int8_t* w = a.w;
  for (int64_t b = 0; b < blocks.count(); ++b) {
    const int64_t vectors = blocks.size(b), channel = blocks.begin(b) * kSums;
    switch (vectors) {
      case 1: direct_block<1, 12>(a, w, channel); break;
      case 2: direct_block<2, 12>(a, w, channel); break;
      case 3: direct_block<3, 8>(a, w, channel); break;
      default: direct_block<4, 6>(a, w, channel); break;
    }
    w += a.run_count * a.quads * vectors * 64;
  }
}

// How the columns of a filter find a strip: in one piece of 64 bytes, or in up to kPieces under masks; 0: any number.
enum : int { kAny = 0, kWhole = -1 };

// The columns of a quad, from any row of the image. What lies outside is x_zero.
template <int kPieces>
class Columns {
 public:
  HWY_INLINE Columns(const DepthwiseRows& a, const StripPiece* taps, int64_t count)
      : a_(a), taps_(taps), count_(count), zero_(_mm512_set1_epi8(static_cast<char>(a.x_zero))) {
    repeat<4 * kKept>(UNROLLED(i) {
      const StripPiece& piece = taps[i / kKept * a.pieces + i % kKept];
      offset_[i] = piece.offset;
      mask_[i] = piece.mask;
    });
  }

  // Word k of lane l of out[v] has bytes 16 l + 4 v + k of all four: the bytes that meet in one sum, side by side.
  HWY_INLINE void weave(int64_t row, __m512i (&out)[4]) const {
    const uint8_t* x = a_.x + row * a_.row_bytes;
    const bool inside = kPieces == kWhole || (row >= 0 && row < a_.h);
    __m512i t[4] = {zero_, zero_, zero_, zero_};
    if (inside) {
      repeat<4>(UNROLLED(i) {
        if (i == 3 && count_ == 3) {
          t[i] = t[0];  // meets weights of 0
        } else if constexpr (kPieces == kWhole) {
          t[i] = _mm512_loadu_si512(x + offset_[i]);
        } else if constexpr (kPieces == kAny) {
          for (int64_t p = 0; p < a_.pieces; ++p) {
            const StripPiece& piece = taps_[i * a_.pieces + p];
            t[i] = _mm512_mask_loadu_epi8(t[i], piece.mask, x + piece.offset);
          }
        } else {
          repeat<kPieces>(UNROLLED(p) {
            constexpr int kAt = i * kPieces + p;
            t[i] = _mm512_mask_loadu_epi8(t[i], mask_[kAt], x + offset_[kAt]);
          });
        }
      });
    }
    const __m512i low01 = _mm512_unpacklo_epi8(t[0], t[1]), high01 = _mm512_unpackhi_epi8(t[0], t[1]);
    const __m512i low23 = _mm512_unpacklo_epi8(t[2], t[3]), high23 = _mm512_unpackhi_epi8(t[2], t[3]);
    out[0] = _mm512_unpacklo_epi16(low01, low23);
    out[1] = _mm512_unpackhi_epi16(low01, low23);
    out[2] = _mm512_unpacklo_epi16(high01, high23);
    out[3] = _mm512_unpackhi_epi16(high01, high23);
  }

 private:
  static constexpr int kKept = kPieces == kWhole ? 1 : kPieces;

  const DepthwiseRows& a_;
  const StripPiece* taps_;
  int64_t count_;
  __m512i zero_;
  int64_t offset_[4 * kKept + 1];
  __mmask64 mask_[4 * kKept + 1];
};

template <int kRows>
HWY_INLINE void write_strip(const Sums<4, kRows>& sums, const DepthwiseRows& a, int64_t strip) {
  const Rounding<4> rounding(a.rounding, a.strips[strip].phase * 64);
  const uint64_t mask = a.strips[strip].mask;
  const int64_t first = a.first, rows = a.rows, y_row = a.y_row;
  uint8_t* y = a.y + strip * 64;
  repeat<kRows>(UNROLLED(r) {
    if (r >= first && r < rows) {
      __m512i q[4];
      repeat<4>(UNROLLED(v) { q[v] = rounding.rounded(sums.of[r][v], v); });
      const __m512i bytes = rounding.clamped(bytes_by_lane(q[0], q[1], q[2], q[3]));
      if (mask == ~uint64_t{0}) {
        _mm512_storeu_si512(y + r * y_row, bytes);
      } else {
        _mm512_mask_storeu_epi8(y + r * y_row, mask, bytes);
      }
    }
  });
}

// Filters of kHeight rows at stride kStride: each row of the image is woven once for all the rows of results it meets.
template <int kHeight, int kStride, int kPieces>
void depthwise_strip(const DepthwiseRows& a, int64_t strip) {
  constexpr int kRows = kRowsTogether;
  Sums<4, kRows> sums;
  const int8_t* w = a.w + a.strips[strip].phase * kHeight * a.quads * 256;
  const StripPiece* taps = a.taps + strip * a.quads * 4 * a.pieces;
  for (int64_t quad = 0; quad < a.quads; ++quad, taps += 4 * a.pieces, w += 256) {
    const Columns<kPieces> columns(a, taps, a.kw - quad * 4);
    repeat<(kRows - 1) * kStride + kHeight>(UNROLLED(from) {
      __m512i woven[4];
      columns.weave(a.top + from, woven);
      repeat<kRows>(UNROLLED(r) {
        constexpr int kTap = from - r * kStride;
        if constexpr (kTap >= 0 && kTap < kHeight) {
          const int8_t* factors = w + kTap * a.quads * 256;
          repeat<4>(UNROLLED(v) { add_products(sums.of[r][v], woven[v], _mm512_loadu_si512(factors + 64 * v)); });
        }
      });
    });
  }
  write_strip(sums, a, strip);
}

// Any other filter, one row of results.
template <int kPieces>
void depthwise_strip_of_row(const DepthwiseRows& a, int64_t strip) {
  Sums<4, 1> sums;
  const int8_t* w = a.w + a.strips[strip].phase * a.kh * a.quads * 256;
  const StripPiece* taps = a.taps + strip * a.quads * 4 * a.pieces;
  for (int64_t quad = 0; quad < a.quads; ++quad, taps += 4 * a.pieces, w += 256) {
    const Columns<kPieces> columns(a, taps, a.kw - quad * 4);
    for (int64_t ky = 0; ky < a.kh; ++ky) {
      __m512i woven[4];
      columns.weave(a.top + ky * a.dy, woven);
      const int8_t* factors = w + ky * a.quads * 256;
      repeat<4>(UNROLLED(v) { add_products(sums.of[0][v], woven[v], _mm512_loadu_si512(factors + 64 * v)); });
    }
  }
  write_strip(sums, a, strip);
}

using Strip = void (*)(const DepthwiseRows& a, int64_t strip);

void depthwise_strips(const DepthwiseRows& a, bool inside, Strip whole, Strip one, Strip two, Strip any) {
  const Strip other = a.pieces == 1 ? one : a.pieces == 2 ? two : any;
  for (int64_t strip = a.begin; strip < a.end; ++strip) {
    (inside && a.strips[strip].whole ? whole : other)(a, strip);
  }
}

template <int kHeight, int kStride>
void depthwise_strips(const DepthwiseRows& a) {
  const bool inside = a.top >= 0 && a.top + (kRowsTogether - 1) * kStride + kHeight <= a.h;
  depthwise_strips(a, inside, depthwise_strip<kHeight, kStride, kWhole>, depthwise_strip<kHeight, kStride, 1>,
                   depthwise_strip<kHeight, kStride, 2>, depthwise_strip<kHeight, kStride, kAny>);
}

void depthwise_strips_of_row(const DepthwiseRows& a) {
  const bool inside = a.top >= 0 && a.top + (a.kh - 1) * a.dy < a.h;
  depthwise_strips(a, inside, depthwise_strip_of_row<kWhole>, depthwise_strip_of_row<1>, depthwise_strip_of_row<2>,
                   depthwise_strip_of_row<kAny>);
}

void Depthwise(const DepthwiseRows& a) {
  if (a.dy == 1 && a.rows == kRowsTogether && a.kh == 3 && a.sy == 1) return depthwise_strips<3, 1>(a);
  if (a.dy == 1 && a.rows == kRowsTogether && a.kh == 3 && a.sy == 2) return depthwise_strips<3, 2>(a);
  if (a.dy == 1 && a.rows == kRowsTogether && a.kh == 5 && a.sy == 1) return depthwise_strips<5, 1>(a);
  if (a.dy == 1 && a.rows == kRowsTogether && a.kh == 5 && a.sy == 2) return depthwise_strips<5, 2>(a);
  for (int64_t r = a.first; r < a.rows; ++r) {
    DepthwiseRows row = a;
    row.top += r * a.sy;
    row.y += r * a.y_row;
    row.first = 0;
    row.rows = 1;
    depthwise_strips_of_row(row);
  }
}

bool Available() { return true; }

#else

void Direct(const DirectRow&) { CHECK(false, "this processor does not multiply bytes"); }
void Depthwise(const DepthwiseRows&) { CHECK(false, "this processor does not multiply bytes"); }
bool Available() { return false; }

#endif

}  // namespace
}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {

namespace {

HWY_EXPORT(Available);
HWY_EXPORT(Direct);
HWY_EXPORT(Depthwise);

}  // namespace

bool multiplies_bytes() { return HWY_DYNAMIC_DISPATCH(Available)(); }
void direct_row(const DirectRow& row) { HWY_DYNAMIC_DISPATCH(Direct)(row); }
void depthwise_rows(const DepthwiseRows& rows) { HWY_DYNAMIC_DISPATCH(Depthwise)(rows); }

}  // namespace slipway::kernels
#endif  // HWY_ONCE
