// Convolutions with few filters over wide rows, at stride 1: a vector holds neighbours of a row, as rows are longer
// than a vector and filters are fewer than its lanes.

#include "kernels/cpu/targets.h"
#include "kernels/parallel.h"
#include "kernels/small_conv.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/small_conv_rows.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/small_conv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET <= HWY_AVX3

using Row = hn::FixedTag<float, 16>;
using RowVec = hn::Vec<Row>;
constexpr int64_t kLanes = 16;

// A vector that the compiler keeps in a register: read once, and not by each multiplication that takes it, as most of
// these lie across two cache lines.
HWY_INLINE RowVec read_once(const float* from) {
  RowVec v = hn::LoadU(Row(), from);
  asm("" : "+v"(v.raw));
  return v;
}

// Where the vectors of a row of `width` begin; the last one may overlap the one before. Requires: width >= kLanes.
inline int64_t vectors_in(int64_t width) { return (width + kLanes - 1) / kLanes; }
inline int64_t vector_at(int64_t width, int64_t i) { return std::min(i * kLanes, width - kLanes); }

// Filters that are summed together: each vector of x is read for all of them.
inline int64_t filter_block(const SmallConv& s) { return s.o <= 4 ? 4 : s.o <= 6 ? 6 : 8; }
inline int64_t filter_blocks(const SmallConv& s) { return (s.o + filter_block(s) - 1) / filter_block(s); }

// Filters as [blocks, c, k, k, filter_block].
void pack_filters(const SmallConv& s, const float* w, float* to) {
  const int64_t taps = s.c * s.k * s.k, size = filter_block(s);
  for (int64_t block = 0; block < filter_blocks(s); ++block) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t o = block * size; o < (block + 1) * size; ++o) *to++ = o < s.o ? w[o * taps + tap] : 0;
    }
  }
}

struct RowTile {
  const Image& image;
  const float* filters;
  const float* bias;  // of the block, or nullptr
  int64_t real;       // filters of the block that there are
  bool relu;
};

// kVectors vectors of a row of y for kFilters filters; x and y: where the row begins; at: where the vectors do.
template <int kFilters, int kVectors>
void row_tile(const SmallConv& s, const RowTile& t, const float* x, const int64_t* at, float* y) {
  const Row d;
  RowVec sum[kFilters][kVectors];
  SLIPWAY_UNROLL for (int o = 0; o < kFilters; ++o) {
    const RowVec bias = hn::Set(d, t.bias != nullptr && o < t.real ? t.bias[o] : 0);
    SLIPWAY_UNROLL for (int v = 0; v < kVectors; ++v) sum[o][v] = bias;
  }
  const float* w = t.filters;
  for (int64_t c = 0; c < s.c; ++c) {
    for (int64_t ky = 0; ky < s.k; ++ky) {
      const float* row = x + c * t.image.plane + ky * t.image.row;
      for (int64_t kx = 0; kx < s.k; ++kx, w += kFilters) {
        RowVec in[kVectors];
        SLIPWAY_UNROLL for (int v = 0; v < kVectors; ++v) in[v] = read_once(row + kx + at[v]);
        SLIPWAY_UNROLL for (int o = 0; o < kFilters; ++o) {
          const RowVec weight = hn::Set(d, w[o]);
          SLIPWAY_UNROLL for (int v = 0; v < kVectors; ++v) sum[o][v] = hn::MulAdd(in[v], weight, sum[o][v]);
        }
      }
    }
  }
  SLIPWAY_UNROLL for (int o = 0; o < kFilters; ++o) {
    if (o >= t.real) break;
    SLIPWAY_UNROLL for (int v = 0; v < kVectors; ++v) {
      if (t.relu) sum[o][v] = hn::IfThenZeroElse(hn::Lt(sum[o][v], hn::Zero(d)), sum[o][v]);
      hn::StoreU(sum[o][v], d, y + o * s.positions() + at[v]);
    }
  }
}

template <int kFilters>
void rows_of_image(const SmallConv& s, const RowTile& t, float* y) {
  for (int64_t row = 0; row < s.oh; ++row) {
    const float* from = t.image.data + row * t.image.row;
    float* to = y + row * s.ow;
    int64_t v = 0;
    for (; v + 2 <= vectors_in(s.ow); v += 2) {
      const int64_t at[] = {vector_at(s.ow, v), vector_at(s.ow, v + 1)};
      row_tile<kFilters, 2>(s, t, from, at, to);
    }
    const int64_t last[] = {vector_at(s.ow, v)};
    if (v < vectors_in(s.ow)) row_tile<kFilters, 1>(s, t, from, last, to);
  }
}

// Filters whose gradients are summed together, and how many taps of each: one row of a filter.
template <int kSize>
constexpr int kSumFilters = kSize == 3 ? 4 : 3;

inline int64_t sum_blocks(const SmallConv& s) {
  const int64_t size = s.k == 3 ? kSumFilters<3> : kSumFilters<5>;
  return (s.o + size - 1) / size;
}

// Sums of one run: [blocks, c, k, filters, k, lanes], then those of the bias [blocks, filters, lanes].
inline int64_t tap_sums(const SmallConv& s) {
  return sum_blocks(s) * (s.k == 3 ? kSumFilters<3> : kSumFilters<5>)*s.c * s.k * s.k * kLanes;
}
inline int64_t run_sums(const SmallConv& s) { return tap_sums(s) / (s.c * s.k * s.k) + tap_sums(s); }

// Lanes of the last vector of `width` that the vector before it has not had.
HWY_INLINE hn::Mask<Row> fresh_lanes(int64_t width) {
  const int64_t last = vectors_in(width) - 1;
  return hn::Not(hn::FirstN(Row(), static_cast<size_t>(last * kLanes - vector_at(width, last))));
}

// sums[o, kx] += dy[o] x[.. + kx] over the positions of an image, for one input channel and one ky, which `x` is at.
template <int kSize, int kFilters>
void add_row_taps(const SmallConv& s, const float* x, int64_t stride, const float* dy, float* sums) {
  const Row d;
  RowVec sum[kFilters][kSize];
  SLIPWAY_UNROLL for (int o = 0; o < kFilters; ++o) {
    SLIPWAY_UNROLL for (int k = 0; k < kSize; ++k) sum[o][k] = hn::Load(d, sums + (o * kSize + k) * kLanes);
  }
  const auto fresh = fresh_lanes(s.ow), all = hn::FirstN(d, kLanes);
  const int64_t vectors = vectors_in(s.ow);
  for (int64_t row = 0; row < s.oh; ++row) {
    for (int64_t v = 0; v < vectors; ++v) {
      const int64_t at = vector_at(s.ow, v);
      const auto mask = v + 1 < vectors ? all : fresh;
      RowVec g[kFilters];
      SLIPWAY_UNROLL for (int o = 0; o < kFilters; ++o) {
        g[o] = hn::MaskedLoad(mask, d, dy + o * s.positions() + row * s.ow + at);
      }
      SLIPWAY_UNROLL for (int k = 0; k < kSize; ++k) {
        const RowVec in = read_once(x + row * stride + at + k);
        SLIPWAY_UNROLL for (int o = 0; o < kFilters; ++o) sum[o][k] = hn::MulAdd(in, g[o], sum[o][k]);
      }
    }
  }
  SLIPWAY_UNROLL for (int o = 0; o < kFilters; ++o) {
    SLIPWAY_UNROLL for (int k = 0; k < kSize; ++k) hn::Store(sum[o][k], d, sums + (o * kSize + k) * kLanes);
  }
}

void add_plane(const SmallConv& s, const float* dy, float* sums) {
  const Row d;
  const int64_t vectors = vectors_in(s.positions());
  RowVec even = hn::Load(d, sums), odd = hn::Zero(d);  // do not wait for each other
  int64_t v = 0;
  for (; v + 2 < vectors; v += 2) {
    even = hn::Add(even, hn::LoadU(d, dy + v * kLanes));
    odd = hn::Add(odd, hn::LoadU(d, dy + (v + 1) * kLanes));
  }
  if (v + 1 < vectors) even = hn::Add(even, hn::LoadU(d, dy + v * kLanes));
  const RowVec last = hn::MaskedLoad(fresh_lanes(s.positions()), d, dy + s.positions() - kLanes);
  hn::Store(hn::Add(hn::Add(even, odd), last), d, sums);
}

// Adds images [begin, end) to `sums`. Filters beyond the last one have gradients of 0.
template <int kSize>
void add_images(const SmallConv& s, const float* x, const float* dy, float* sums, float* room, int64_t begin,
                int64_t end) {
  constexpr int kFilters = kSumFilters<kSize>;
  float* planes = room + image_floats(s);
  for (int64_t n = begin; n < end; ++n) {
    const Image image = image_of(s, x + n * s.c * s.h * s.w, room);
    float* to = sums;
    for (int64_t block = 0; block < sum_blocks(s); ++block) {
      const float* from = dy + (n * s.o + block * kFilters) * s.positions();
      if ((block + 1) * kFilters > s.o) {
        std::copy_n(from, (s.o - block * kFilters) * s.positions(), planes);
        std::fill_n(planes + (s.o - block * kFilters) * s.positions(), ((block + 1) * kFilters - s.o) * s.positions(),
                    0.0f);
        from = planes;
      }
      for (int64_t o = 0; o < kFilters; ++o) {
        add_plane(s, from + o * s.positions(), sums + tap_sums(s) + (block * kFilters + o) * kLanes);
      }
      for (int64_t c = 0; c < s.c; ++c) {
        for (int64_t ky = 0; ky < kSize; ++ky, to += kFilters * kSize * kLanes) {
          add_row_taps<kSize, kFilters>(s, image.data + c * image.plane + ky * image.row, image.row, from, to);
        }
      }
    }
  }
}

// Adds up runs, in order, and lanes.
float total(const float* sums, int64_t runs, int64_t stride) {
  const Row d;
  RowVec sum = hn::Load(d, sums);
  for (int64_t run = 1; run < runs; ++run) sum = hn::Add(sum, hn::Load(d, sums + run * stride));
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

void unpack(const SmallConv& s, const float* sums, int64_t runs, float* dw, float* db) {
  const int64_t filters = s.k == 3 ? kSumFilters<3> : kSumFilters<5>, stride = round_up(run_sums(s));
  for (int64_t o = 0; o < s.o; ++o) {
    const int64_t block = o / filters, in_block = o % filters;
    for (int64_t line = 0; line < s.c * s.k; ++line) {
      const float* from = sums + (((block * s.c * s.k + line) * filters + in_block) * s.k) * kLanes;
      for (int64_t kx = 0; kx < s.k; ++kx) *dw++ = total(from + kx * kLanes, runs, stride);
    }
    if (db != nullptr) db[o] = total(sums + tap_sums(s) + o * kLanes, runs, stride);
  }
}

int64_t runs_of(const SmallConv& s) { return std::min(s.batch, kSmallConvRuns); }

#endif  // HWY_TARGET <= HWY_AVX3

}  // namespace

#if HWY_TARGET <= HWY_AVX3

int64_t rows_shared(const SmallConv& s) { return round_up(filter_blocks(s) * filter_block(s) * s.c * s.k * s.k); }
int64_t rows_part(const SmallConv& s) { return image_floats(s); }

void rows(const SmallConv& s, const float* x, const float* w, const float* bias, bool relu, float* y, float* scratch,
          int threads) {
  const int64_t size = filter_block(s), packed = s.c * s.k * s.k * size;
  auto image_rows = size == 4 ? rows_of_image<4> : size == 6 ? rows_of_image<6> : rows_of_image<8>;
  pack_filters(s, w, scratch);
  parallel_parts(threads, s.batch, 1, [&](int part, int64_t begin, int64_t end) {
    float* room = scratch + rows_shared(s) + part * rows_part(s);
    for (int64_t n = begin; n < end; ++n) {
      const Image image = image_of(s, x + n * s.c * s.h * s.w, room);
      for (int64_t block = 0; block < filter_blocks(s); ++block) {
        image_rows(s,
                   {image, scratch + block * packed, bias == nullptr ? nullptr : bias + block * size,
                    std::min(size, s.o - block * size), relu},
                   y + (n * s.o + block * size) * s.positions());
      }
    }
  });
}

int64_t row_weights_shared(const SmallConv& s) { return runs_of(s) * round_up(run_sums(s)); }
int64_t row_weights_part(const SmallConv& s) { return image_floats(s) + round_up(4 * s.positions()); }

void row_weights(const SmallConv& s, const float* x, const float* dy, float* dw, float* db, float* scratch,
                 int threads) {
  auto images = s.k == 3 ? add_images<3> : add_images<5>;
  const int64_t runs = runs_of(s), floats = round_up(run_sums(s));
  parallel_parts(threads, runs, 1, [&](int part, int64_t begin, int64_t end) {
    float* room = scratch + row_weights_shared(s) + part * row_weights_part(s);
    for (int64_t run = begin; run < end; ++run) {
      std::fill_n(scratch + run * floats, floats, 0.0f);
      images(s, x, dy, scratch + run * floats, room, s.batch * run / runs, s.batch * (run + 1) / runs);
    }
  });
  unpack(s, scratch, runs, dw, db);
}

#else

int64_t rows_shared(const SmallConv&) { return 0; }
int64_t rows_part(const SmallConv&) { return 0; }
void rows(const SmallConv&, const float*, const float*, const float*, bool, float*, float*, int) {}
int64_t row_weights_shared(const SmallConv&) { return 0; }
int64_t row_weights_part(const SmallConv&) { return 0; }
void row_weights(const SmallConv&, const float*, const float*, float*, float*, float*, int) {}

#endif

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(rows_shared);
HWY_EXPORT(rows_part);
HWY_EXPORT(rows);
HWY_EXPORT(row_weights_shared);
HWY_EXPORT(row_weights_part);
HWY_EXPORT(row_weights);

bool small_conv_by_rows(const SmallConv& s) { return s.stride == 1 && s.o <= 8 && s.ow >= 16; }

int64_t small_conv_rows_scratch(const SmallConv& s, int threads) {
  return HWY_DYNAMIC_DISPATCH(rows_shared)(s) + threads * HWY_DYNAMIC_DISPATCH(rows_part)(s);
}

void small_conv_rows(const SmallConv& s, const float* x, const float* w, const float* bias, bool relu, float* y,
                     float* scratch, int threads) {
  HWY_DYNAMIC_DISPATCH(rows)(s, x, w, bias, relu, y, scratch, threads);
}

int64_t small_conv_row_weights_scratch(const SmallConv& s, int threads) {
  return HWY_DYNAMIC_DISPATCH(row_weights_shared)(s) + threads * HWY_DYNAMIC_DISPATCH(row_weights_part)(s);
}

void small_conv_row_weights(const SmallConv& s, const float* x, const float* dy, float* dw, float* db, float* scratch,
                            int threads) {
  HWY_DYNAMIC_DISPATCH(row_weights)(s, x, dy, dw, db, scratch, threads);
}
}  // namespace slipway::kernels
#endif
