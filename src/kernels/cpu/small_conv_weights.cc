// Convolutions with few channels: the gradient of the filters and the bias.
#include "kernels/cpu/targets.h"
#include "kernels/parallel.h"
#include "kernels/small_conv.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/small_conv_weights.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/small_conv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET <= HWY_AVX3

int64_t runs_of(const SmallConv& s) { return std::min(s.batch, kSmallConvRuns); }

// Sums of one run: [blocks, c, k, k, lanes], and of the bias [blocks, lanes].
int64_t filter_sums(const SmallConv& s) { return s.c * s.k * s.k * blocks_of(s.o) * vector_channels(s.o); }
int64_t run_sums(const SmallConv& s) { return filter_sums(s) + blocks_of(s.o) * vector_channels(s.o); }

// sums[ky, kx] += sum over positions of dy[position] x[position + (ky, kx)], for one input channel of one image.
template <int kSize, int kStride, class Tag>
void add_taps(Tag d, const SmallConv& s, const float* x, int64_t row, const float* dy, float* sums) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<Tag> sum[kSize * kSize];
  SLIPWAY_UNROLL for (int t = 0; t < kSize * kSize; ++t) sum[t] = hn::Load(d, sums + t * lanes);
  for (int64_t y = 0; y < s.oh; ++y) {
    const float* lines[kSize];
    SLIPWAY_UNROLL for (int ky = 0; ky < kSize; ++ky) lines[ky] = x + (y * kStride + ky) * row;
    for (int64_t i = 0; i < s.ow; ++i, dy += lanes) {
      const auto g = hn::Load(d, dy);
      SLIPWAY_UNROLL for (int ky = 0; ky < kSize; ++ky) {
        SLIPWAY_UNROLL for (int kx = 0; kx < kSize; ++kx) {
          auto& tap = sum[ky * kSize + kx];
          tap = hn::MulAdd(hn::Set(d, lines[ky][kx]), g, tap);
        }
        lines[ky] = anew(lines[ky] + kStride);
      }
    }
  }
  SLIPWAY_UNROLL for (int t = 0; t < kSize * kSize; ++t) hn::Store(sum[t], d, sums + t * lanes);
}

template <class Tag>
void add_bias(Tag d, const float* dy, int64_t positions, float* sums) {
  constexpr int kChains = 4;  // sums that do not wait for each other
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<Tag> sum[kChains];
  SLIPWAY_UNROLL for (int i = 0; i < kChains; ++i) sum[i] = i == 0 ? hn::Load(d, sums) : hn::Zero(d);
  int64_t p = 0;
  for (; p + kChains <= positions; p += kChains) {
    SLIPWAY_UNROLL for (int i = 0; i < kChains; ++i) sum[i] = hn::Add(sum[i], hn::Load(d, dy + (p + i) * lanes));
  }
  for (; p < positions; ++p) sum[0] = hn::Add(sum[0], hn::Load(d, dy + p * lanes));
  hn::Store(hn::Add(hn::Add(sum[0], sum[1]), hn::Add(sum[2], sum[3])), d, sums);
}

// Adds images [begin, end) to `sums`.
template <int kSize, int kStride, class Tag>
void add_images(Tag d, const SmallConv& s, const float* x, const float* dy, float* sums, float* room, int64_t begin,
                int64_t end) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t positions = s.positions(), taps = kSize * kSize * lanes;
  float* vectors = room + image_floats(s);
  for (int64_t n = begin; n < end; ++n) {
    const Image image = image_of(s, x + n * s.c * s.h * s.w, room);
    for (int64_t block = 0; block < blocks_of(s.o); ++block) {
      planes_to_vectors(dy + (n * s.o + block * lanes) * positions, positions, s.o - block * lanes, positions, lanes,
                        vectors);
      for (int64_t c = 0; c < s.c; ++c) {
        add_taps<kSize, kStride>(d, s, image.data + c * image.plane, image.row, vectors,
                                 sums + (block * s.c + c) * taps);
      }
      add_bias(d, vectors, positions, sums + filter_sums(s) + block * lanes);
    }
  }
}

// Sums [blocks, c, k, k, lanes] as [o, c, k, k].
void unpack(const SmallConv& s, const float* sums, float* dw) {
  const int64_t taps = s.c * s.k * s.k, lanes = vector_channels(s.o);
  for (int64_t o = 0; o < s.o; ++o) {
    const float* from = sums + o / lanes * taps * lanes + o % lanes;
    for (int64_t t = 0; t < taps; ++t) dw[o * taps + t] = from[t * lanes];
  }
}

// The sums of all runs into the first.
void add_runs(const SmallConv& s, float* sums) {
  const hn::FixedTag<float, 8> d;
  const int64_t n = run_sums(s), runs = runs_of(s);
  for (int64_t i = 0; i < n; i += 8) {
    auto sum = hn::Load(d, sums + i);
    for (int64_t run = 1; run < runs; ++run) sum = hn::Add(sum, hn::Load(d, sums + run * round_up(n) + i));
    hn::Store(sum, d, sums + i);
  }
}

#endif  // HWY_TARGET <= HWY_AVX3

}  // namespace

#if HWY_TARGET <= HWY_AVX3

int64_t weights_shared(const SmallConv& s) { return runs_of(s) * round_up(run_sums(s)); }
int64_t weights_part(const SmallConv& s) { return image_floats(s) + round_up(s.positions() * vector_channels(s.o)); }

void weights(const SmallConv& s, const float* x, const float* dy, float* dw, float* db, float* scratch, int threads) {
  with_vector(s.o, [&](auto d) HWY_ATTR {
    using Tag = decltype(d);
    auto images = s.k == 3 ? (s.stride == 1 ? add_images<3, 1, Tag> : add_images<3, 2, Tag>)
                           : (s.stride == 1 ? add_images<5, 1, Tag> : add_images<5, 2, Tag>);
    const int64_t runs = runs_of(s), floats = round_up(run_sums(s));
    float* rooms = scratch + weights_shared(s);
    parallel_parts(threads, runs, 1, [&](int part, int64_t begin, int64_t end) HWY_ATTR {
      for (int64_t run = begin; run < end; ++run) {
        std::fill_n(scratch + run * floats, floats, 0.0f);
        images(d, s, x, dy, scratch + run * floats, rooms + part * weights_part(s), s.batch * run / runs,
               s.batch * (run + 1) / runs);
      }
    });
  });
  add_runs(s, scratch);
  unpack(s, scratch, dw);
  if (db != nullptr) std::copy_n(scratch + filter_sums(s), s.o, db);
}

#else

int64_t weights_shared(const SmallConv&) { return 0; }
int64_t weights_part(const SmallConv&) { return 0; }
void weights(const SmallConv&, const float*, const float*, float*, float*, float*, int) {}

#endif

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(weights_shared);
HWY_EXPORT(weights_part);
HWY_EXPORT(weights);

int64_t small_conv_weights_scratch(const SmallConv& s, int threads) {
  if (small_conv_by_rows(s)) return small_conv_row_weights_scratch(s, threads);
  return HWY_DYNAMIC_DISPATCH(weights_shared)(s) + threads * HWY_DYNAMIC_DISPATCH(weights_part)(s);
}

void small_conv_weights(const SmallConv& s, const float* x, const float* dy, float* dw, float* db, float* scratch,
                        int threads) {
  if (small_conv_by_rows(s)) return small_conv_row_weights(s, x, dy, dw, db, scratch, threads);
  HWY_DYNAMIC_DISPATCH(weights)(s, x, dy, dw, db, scratch, threads);
}
}  // namespace slipway::kernels
#endif
