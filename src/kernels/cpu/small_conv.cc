// Convolutions with few channels: the forward pass and the gradient of the input.
#include "kernels/small_conv.h"

#include "kernels/cpu/targets.h"
#include "kernels/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/small_conv.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/small_conv-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

#if HWY_TARGET <= HWY_AVX3

// Filters of one block as [c, k, k, lanes].
template <class Tag>
void pack_filters(Tag d, const SmallConv& s, const float* w, int64_t block, float* to) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t taps = s.c * s.k * s.k;
  for (int64_t tap = 0; tap < taps; ++tap) {
    for (int64_t i = 0; i < lanes; ++i) {
      const int64_t o = block * lanes + i;
      *to++ = o < s.o ? w[o * taps + tap] : 0;
    }
  }
}

struct ForwardTile {
  Image image;
  const float* filters;
  const float* bias;  // of every lane
  bool relu;
};

// The sums of kWidth neighbours of a row, whose first window begins at `x`; to [kWidth, lanes].
template <int kWidth, int kStride, class Tag>
void forward_tile(Tag d, const SmallConv& s, const ForwardTile& t, const float* x, float* to) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<Tag> sum[kWidth];
  SLIPWAY_UNROLL for (int i = 0; i < kWidth; ++i) sum[i] = hn::Load(d, t.bias);
  const float* w = t.filters;
  for (int64_t c = 0; c < s.c; ++c) {
    for (int64_t ky = 0; ky < s.k; ++ky) {
      const float* row = x + c * t.image.plane + ky * t.image.row;
      for (int64_t kx = 0; kx < s.k; ++kx, w += lanes, row = anew(row + 1)) {
        const auto weights = hn::Load(d, w);
        SLIPWAY_UNROLL for (int i = 0; i < kWidth; ++i) {
          sum[i] = hn::MulAdd(hn::Set(d, row[i * kStride]), weights, sum[i]);
        }
      }
    }
  }
  SLIPWAY_UNROLL for (int i = 0; i < kWidth; ++i) {
    if (t.relu) sum[i] = hn::IfThenZeroElse(hn::Lt(sum[i], hn::Zero(d)), sum[i]);
    hn::Store(sum[i], d, to + i * lanes);
  }
}

template <class Tag>
using ForwardFn = void (*)(Tag, const SmallConv&, const ForwardTile&, const float*, float*);

template <class Tag>
struct ForwardChoice {
  int64_t width;
  ForwardFn<Tag> at_stride[2];
};

// How many neighbours to sum at a time so that a row takes the fewest sums; the last ones may be summed again.
template <class Tag>
ForwardChoice<Tag> choose_forward(int64_t ow) {
  static constexpr ForwardChoice<Tag> kChoices[] = {
      {14, {forward_tile<14, 1, Tag>, forward_tile<14, 2, Tag>}},
      {12, {forward_tile<12, 1, Tag>, forward_tile<12, 2, Tag>}},
      {10, {forward_tile<10, 1, Tag>, forward_tile<10, 2, Tag>}},
      {8, {forward_tile<8, 1, Tag>, forward_tile<8, 2, Tag>}},
      {6, {forward_tile<6, 1, Tag>, forward_tile<6, 2, Tag>}},
      {4, {forward_tile<4, 1, Tag>, forward_tile<4, 2, Tag>}},
      {1, {forward_tile<1, 1, Tag>, forward_tile<1, 2, Tag>}},
  };
  const ForwardChoice<Tag>* best = nullptr;
  int64_t least = 0;
  for (const ForwardChoice<Tag>& choice : kChoices) {
    if (choice.width > ow) continue;
    const int64_t sums = (ow + choice.width - 1) / choice.width * choice.width;
    if (best != nullptr && sums >= least) continue;
    best = &choice;
    least = sums;
  }
  return *best;
}

// All images of one part: [begin, end).
template <class Tag>
void forward_images(Tag d, const SmallConv& s, const float* x, const float* packed, bool relu, float* y, float* room,
                    int64_t begin, int64_t end) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t positions = s.positions(), filter_floats = s.c * s.k * s.k * lanes, blocks = blocks_of(s.o);
  const ForwardChoice<Tag> choice = choose_forward<Tag>(s.ow);
  const ForwardFn<Tag> tile = choice.at_stride[s.stride - 1];
  float* sums = room + image_floats(s);
  for (int64_t n = begin; n < end; ++n) {
    const Image image = image_of(s, x + n * s.c * s.h * s.w, room);
    for (int64_t block = 0; block < blocks; ++block) {
      const ForwardTile t = {image, packed + block * filter_floats, packed + blocks * filter_floats + block * lanes,
                             relu};
      for (int64_t row = 0; row < s.oh; ++row) {
        const float* from = image.data + row * s.stride * image.row;
        for (int64_t at = 0; at < s.ow; at += choice.width) {
          const int64_t first = std::min(at, s.ow - choice.width);
          tile(d, s, t, from + first * s.stride, sums + (row * s.ow + first) * lanes);
        }
      }
      const int64_t real = std::min(lanes, s.o - block * lanes);
      vectors_to_planes(sums, lanes, real, positions, y + (n * s.o + block * lanes) * positions, positions);
    }
  }
}

// Filters as [k, o, k, lanes of input channels].
template <class Tag>
void pack_for_data(Tag d, const SmallConv& s, const float* w, float* to) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t ky = 0; ky < s.k; ++ky) {
    for (int64_t o = 0; o < s.o; ++o) {
      for (int64_t kx = 0; kx < s.k; ++kx) {
        for (int64_t c = 0; c < lanes; ++c) *to++ = c < s.c ? w[((o * s.c + c) * s.k + ky) * s.k + kx] : 0;
      }
    }
  }
}

// What kWidth neighbours of output rows give to one row of dx, of which `to` is the first position:
// dx[y] += sum over ky, o, kx of dy[o, (y - ky) / stride] w[o, ky, kx].
template <int kWidth, int kSize, int kStride, class Tag>
void data_tile(Tag d, const SmallConv& s, const float* dy, const float* packed, int64_t y, float* to) {
  constexpr int kReach = (kWidth - 1) * kStride + kSize;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<Tag> sum[kReach];
  SLIPWAY_UNROLL for (int i = 0; i < kReach; ++i) sum[i] = hn::Load(d, to + i * lanes);
  for (int64_t ky = y % kStride; ky < kSize && ky <= y; ky += kStride) {
    const int64_t row = (y - ky) / kStride;
    if (row >= s.oh) continue;
    const float* from = dy + row * s.ow;
    const float* w = packed + ky * s.o * kSize * lanes;
    for (int64_t o = 0; o < s.o; ++o, from += s.positions(), w += kSize * lanes) {
      hn::Vec<Tag> weights[kSize];
      SLIPWAY_UNROLL for (int kx = 0; kx < kSize; ++kx) weights[kx] = hn::Load(d, w + kx * lanes);
      SLIPWAY_UNROLL for (int i = 0; i < kWidth; ++i) {
        const auto g = hn::Set(d, from[i]);
        SLIPWAY_UNROLL for (int kx = 0; kx < kSize; ++kx) {
          sum[i * kStride + kx] = hn::MulAdd(g, weights[kx], sum[i * kStride + kx]);
        }
      }
    }
  }
  SLIPWAY_UNROLL for (int i = 0; i < kReach; ++i) hn::Store(sum[i], d, to + i * lanes);
}

// dx as far as windows reach, and beyond them where dx goes on.
struct DataRoom {
  int64_t height, width;
  explicit DataRoom(const SmallConv& s)
      : height(std::max(s.reach_h(), s.top + s.h)), width(std::max(s.reach_w(), s.left + s.w)) {}
};

template <int kSize, int kStride, class Tag>
void data_row(Tag d, const SmallConv& s, const float* dy, const float* packed, int64_t y, float* to) {
  const int64_t step = kStride * static_cast<int64_t>(hn::Lanes(d));
  int64_t at = 0;
  for (; at + 10 <= s.ow; at += 10) data_tile<10, kSize, kStride>(d, s, dy + at, packed, y, to + at * step);
  if (at + 8 <= s.ow) {
    data_tile<8, kSize, kStride>(d, s, dy + at, packed, y, to + at * step);
    at += 8;
  }
  if (at + 4 <= s.ow) {
    data_tile<4, kSize, kStride>(d, s, dy + at, packed, y, to + at * step);
    at += 4;
  }
  if (at + 2 <= s.ow) {
    data_tile<2, kSize, kStride>(d, s, dy + at, packed, y, to + at * step);
    at += 2;
  }
  for (; at < s.ow; ++at) data_tile<1, kSize, kStride>(d, s, dy + at, packed, y, to + at * step);
}

template <int kSize, int kStride, class Tag>
void data_images(Tag d, const SmallConv& s, const float* dy, const float* packed, float* dx, float* room, int64_t begin,
                 int64_t end) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const DataRoom size(s);
  for (int64_t n = begin; n < end; ++n) {
    std::fill_n(room, size.height * size.width * lanes, 0.0f);
    for (int64_t y = 0; y < s.reach_h(); ++y) {
      data_row<kSize, kStride>(d, s, dy + n * s.o * s.positions(), packed, y, room + y * size.width * lanes);
    }
    const bool whole = s.left == 0 && size.width == s.w;
    const int64_t rows = whole ? 1 : s.h, columns = whole ? s.h * s.w : s.w;
    for (int64_t y = 0; y < rows; ++y) {
      vectors_to_planes(room + ((s.top + y) * size.width + s.left) * lanes, lanes, s.c, columns,
                        dx + n * s.c * s.h * s.w + y * s.w, s.h * s.w);
    }
  }
}

#endif  // HWY_TARGET <= HWY_AVX3

}  // namespace

#if HWY_TARGET <= HWY_AVX3

bool runs() { return true; }

int64_t forward_shared(const SmallConv& s) {
  return round_up((s.c * s.k * s.k + 1) * blocks_of(s.o) * vector_channels(s.o));
}
int64_t forward_part(const SmallConv& s) { return image_floats(s) + round_up(s.positions() * vector_channels(s.o)); }

void forward(const SmallConv& s, const float* x, const float* w, const float* bias, bool relu, float* y, float* scratch,
             int threads) {
  with_vector(s.o, [&](auto d) HWY_ATTR {
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    const int64_t blocks = blocks_of(s.o), filter_floats = s.c * s.k * s.k * lanes;
    for (int64_t block = 0; block < blocks; ++block) pack_filters(d, s, w, block, scratch + block * filter_floats);
    for (int64_t o = 0; o < blocks * lanes; ++o) {
      scratch[blocks * filter_floats + o] = bias != nullptr && o < s.o ? bias[o] : 0;
    }
    float* rooms = scratch + forward_shared(s);
    parallel_parts(threads, s.batch, 1, [&](int part, int64_t begin, int64_t end) HWY_ATTR {
      forward_images(d, s, x, scratch, relu, y, rooms + part * forward_part(s), begin, end);
    });
  });
}

int64_t data_shared(const SmallConv& s) { return round_up(s.k * s.k * s.o * vector_channels(s.c)); }
int64_t data_part(const SmallConv& s) {
  const DataRoom size(s);
  return round_up(size.height * size.width * vector_channels(s.c));
}

void data(const SmallConv& s, const float* dy, const float* w, float* dx, float* scratch, int threads) {
  with_vector(s.c, [&](auto d) HWY_ATTR {
    using Tag = decltype(d);
    auto images = s.k == 3 ? (s.stride == 1 ? data_images<3, 1, Tag> : data_images<3, 2, Tag>)
                           : (s.stride == 1 ? data_images<5, 1, Tag> : data_images<5, 2, Tag>);
    pack_for_data(d, s, w, scratch);
    float* rooms = scratch + data_shared(s);
    parallel_parts(threads, s.batch, 1, [&](int part, int64_t begin, int64_t end) HWY_ATTR {
      images(d, s, dy, scratch, dx, rooms + part * data_part(s), begin, end);
    });
  });
}

#else

bool runs() { return false; }
int64_t forward_shared(const SmallConv&) { return 0; }
int64_t forward_part(const SmallConv&) { return 0; }
void forward(const SmallConv&, const float*, const float*, const float*, bool, float*, float*, int) {}
int64_t data_shared(const SmallConv&) { return 0; }
int64_t data_part(const SmallConv&) { return 0; }
void data(const SmallConv&, const float*, const float*, float*, float*, int) {}

#endif

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(runs);
HWY_EXPORT(forward_shared);
HWY_EXPORT(forward_part);
HWY_EXPORT(forward);
HWY_EXPORT(data_shared);
HWY_EXPORT(data_part);
HWY_EXPORT(data);

bool small_conv_runs(const SmallConv& s) {
  return HWY_DYNAMIC_DISPATCH(runs)() && (s.k == 3 || s.k == 5) && (s.stride == 1 || s.stride == 2) && s.c <= 16;
}

int64_t small_conv_scratch(const SmallConv& s, int threads) {
  if (small_conv_by_rows(s)) return small_conv_rows_scratch(s, threads);
  return HWY_DYNAMIC_DISPATCH(forward_shared)(s) + threads * HWY_DYNAMIC_DISPATCH(forward_part)(s);
}

int64_t small_conv_data_scratch(const SmallConv& s, int threads) {
  return HWY_DYNAMIC_DISPATCH(data_shared)(s) + threads * HWY_DYNAMIC_DISPATCH(data_part)(s);
}

void small_conv(const SmallConv& s, const float* x, const float* w, const float* bias, bool relu, float* y,
                float* scratch, int threads) {
  if (small_conv_by_rows(s)) return small_conv_rows(s, x, w, bias, relu, y, scratch, threads);
  HWY_DYNAMIC_DISPATCH(forward)(s, x, w, bias, relu, y, scratch, threads);
}

void small_conv_data(const SmallConv& s, const float* dy, const float* w, float* dx, float* scratch, int threads) {
  HWY_DYNAMIC_DISPATCH(data)(s, dy, w, dx, scratch, threads);
}
}  // namespace slipway::kernels
#endif
