// Winograd's steps shared out over threads, with the filters brought into their layout and back.
#include "kernels/winograd_convolution.h"

#include <algorithm>

#include "kernels/parallel.h"
#include "kernels/reduce.h"
#include "kernels/scratch.h"
#include "kernels/strided_copy.h"
#include "kernels/winograd.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kTaps = 9;
constexpr int64_t kGrain = int64_t{1} << 20;  // products that are worth a thread

int64_t bytes_of(int64_t numbers) { return numbers * static_cast<int64_t>(sizeof(float)); }

WinogradShape shape_of(const ConvSpec& spec) {
  return {.batch = spec.x[0],
          .height = spec.x[2],
          .width = spec.x[3],
          .channels = spec.x[1],
          .out_height = spec.y[2],
          .out_width = spec.y[3],
          .filters = spec.y[1],
          .top = spec.pads_begin[0],
          .left = spec.pads_begin[1]};
}

// The convolution of dY with the turned filters that dX is.
WinogradShape transposed(const WinogradShape& s) {
  return {.batch = s.batch,
          .height = s.out_height,
          .width = s.out_width,
          .channels = s.filters,
          .out_height = s.height,
          .out_width = s.width,
          .filters = s.channels,
          .top = 2 - s.top,
          .left = 2 - s.left};
}

// W [filters, channels, 3, 3] to U. Forward reduces over channels; backward, with the taps turned, over filters.
struct Filters {
  int64_t filters, channels;
  bool turned;

  int64_t reduced() const { return turned ? filters : channels; }
  int64_t produced() const { return turned ? channels : filters; }
  int64_t taps_count() const { return filters * channels * kTaps; }
  int64_t count() const { return kWinogradPoints * filters * channels; }

  // `taps`: room for taps_count() numbers.
  void pack(const float* w, float* taps, float* u) const {
    if (turned) {
      StridedCopy copy;  // [K, C, 9] to [K, 9, C]
      copy.push(filters, channels * kTaps, channels * kTaps);
      copy.push(kTaps, 1, channels);
      copy.push(channels, kTaps, 1);
      strided_copy(copy, DType::f32, w, taps, 1);
    } else {
      StridedCopy copy;  // [K, C 9] to [C 9, K]
      copy.push(channels * kTaps, 1, filters);
      copy.push(filters, channels * kTaps, 1);
      strided_copy(copy, DType::f32, w, taps, 1);
    }
    winograd_filters(taps, reduced(), produced(), turned, u);
  }
};

// Y from X and W; dX from dY and W.
class Tiles final : public Primitive {
 public:
  Tiles(const WinogradShape& shape, const Filters& filters, bool bias, int threads)
      : shape_(shape), filters_(filters), bias_(bias), threads_(threads) {
    taps_ = scratch_.reserve(static_cast<size_t>(bytes_of(filters_.taps_count())));
    u_ = scratch_.reserve(static_cast<size_t>(bytes_of(filters_.count())));
    parts_ = std::clamp<int64_t>(shape.tiles() * filters.count() / kGrain, 1, threads);
    work_ = scratch_.reserve(static_cast<size_t>(parts_) * work_bytes());
  }
  size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::shared_ptr<void> make_instance() const override { return nullptr; }

  void run(void*, const void* const* in, void* const* out, void* scratch_pointer) const override {
    auto* scratch = static_cast<std::byte*>(scratch_pointer);
    auto* u = reinterpret_cast<float*>(scratch + u_);
    filters_.pack(static_cast<const float*>(in[1]), reinterpret_cast<float*>(scratch + taps_), u);
    const auto* bias = bias_ ? static_cast<const float*>(in[2]) : nullptr;
    parallel_for(threads_, parts_, 1, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p) {
        winograd_tiles(shape_, static_cast<const float*>(in[0]), u, bias, shape_.tiles() * p / parts_,
                       shape_.tiles() * (p + 1) / parts_, static_cast<float*>(out[0]),
                       reinterpret_cast<float*>(scratch + work_ + static_cast<size_t>(p) * work_bytes()));
      }
    });
  }

 private:
  size_t work_bytes() const { return static_cast<size_t>((bytes_of(shape_.scratch()) + 63) / 64 * 64); }

  WinogradShape shape_;
  Filters filters_;
  bool bias_;
  int threads_;
  ScratchLayout scratch_;
  int64_t parts_ = 1;
  size_t taps_ = 0, u_ = 0, work_ = 0;
};

// dW, and dB where asked for, from X and dY. Tiles are summed in a number of parts that the shape tells, so that
// threads change no rounding; channels are shared out over threads too, in groups whose sums stay in a core's cache.
class Products final : public Primitive {
 public:
  Products(const WinogradShape& shape, bool bias, int threads)
      : shape_(shape),
        bias_(bias),
        threads_(static_cast<int>(std::clamp<int64_t>(shape.tiles() * count() / kGrain, 1, threads))) {
    constexpr int64_t kMostParts = 8, kTilesEach = 256, kCache = int64_t{320} << 10;
    parts_ = std::clamp<int64_t>(shape.tiles() / kTilesEach, 1, kMostParts);
    const int64_t least = shape.channels / kWinogradChannels;  // groups of the fewest channels
    const int64_t wanted = std::max((bytes_of(count()) + kCache - 1) / kCache, (threads_ + parts_ - 1) / parts_);
    groups_ = std::min(wanted, least);
    sums_ = scratch_.reserve(static_cast<size_t>(parts_ * bytes_of(count())));
    taps_ = scratch_.reserve(static_cast<size_t>(bytes_of(shape.channels * shape.filters * kTaps)));
    work_ = scratch_.reserve(static_cast<size_t>(threads_) * work_bytes());
    if (bias) bias_sums_ = scratch_.reserve(static_cast<size_t>(kBiasParts * bytes_of(shape.filters)));
  }
  size_t scratch_bytes() const override { return scratch_.bytes(); }
  std::shared_ptr<void> make_instance() const override { return nullptr; }

  void run(void*, const void* const* in, void* const* out, void* scratch_pointer) const override {
    auto* scratch = static_cast<std::byte*>(scratch_pointer);
    auto* sums = reinterpret_cast<float*>(scratch + sums_);
    auto* taps = reinterpret_cast<float*>(scratch + taps_);
    const int64_t items = parts_ * groups_, workers = std::min<int64_t>(threads_, items);
    parallel_for(threads_, workers, 1, [&](int64_t first, int64_t last) {
      for (int64_t w = first; w < last; ++w) {
        auto* work = reinterpret_cast<float*>(scratch + work_ + static_cast<size_t>(w) * work_bytes());
        for (int64_t i = items * w / workers; i < items * (w + 1) / workers; ++i) {
          add_products(static_cast<const float*>(in[0]), static_cast<const float*>(in[1]), i / groups_,
                       group(i % groups_), sums, work);
        }
      }
    });
    winograd_taps(sums, parts_, shape_.channels, shape_.filters, taps);
    StridedCopy copy;  // [C 9, K] to [K, C 9]
    copy.push(shape_.filters, 1, shape_.channels * kTaps);
    copy.push(shape_.channels * kTaps, shape_.filters, 1);
    strided_copy(copy, DType::f32, taps, out[0], 1);
    if (bias_) {
      sum_bias(static_cast<const float*>(in[1]), reinterpret_cast<float*>(scratch + bias_sums_),
               static_cast<float*>(out[1]));
    }
  }

 private:
  static constexpr int64_t kBiasParts = 16;

  void add_products(const float* x, const float* dy, int64_t part, ChannelRange range, float* sums, float* work) const {
    float* to = sums + part * count();
    for (int64_t p = 0; p < kWinogradPoints; ++p) {
      std::fill_n(to + (p * shape_.channels + range.first) * shape_.filters,
                  (range.last - range.first) * shape_.filters, 0.0f);
    }
    const int64_t tiles = shape_.tiles();
    winograd_products(shape_, x, dy, range, tiles * part / parts_, tiles * (part + 1) / parts_, to, work);
  }

  void sum_bias(const float* dy, float* sums, float* db) const {
    const int64_t rows = shape_.batch * shape_.out_height * shape_.out_width, n = shape_.filters;
    const FoldColumnsFn fold = fold_columns_f32(Fold::sum);
    parallel_for(threads_, kBiasParts, 1, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p) {
        const int64_t from = rows * p / kBiasParts, to = rows * (p + 1) / kBiasParts;
        fold(dy + from * n, to - from, n, sums + p * n, n, false);
      }
    });
    fold(sums, kBiasParts, n, db, n, false);
  }

  int64_t count() const { return kWinogradPoints * shape_.channels * shape_.filters; }
  size_t work_bytes() const { return static_cast<size_t>((bytes_of(shape_.scratch()) + 63) / 64 * 64); }
  ChannelRange group(int64_t i) const {
    const int64_t blocks = shape_.channels / kWinogradChannels;
    return {blocks * i / groups_ * kWinogradChannels, blocks * (i + 1) / groups_ * kWinogradChannels};
  }

  WinogradShape shape_;
  bool bias_;
  int threads_;
  int64_t parts_ = 1, groups_ = 1;
  ScratchLayout scratch_;
  size_t sums_ = 0, taps_ = 0, work_ = 0, bias_sums_ = 0;
};

}  // namespace

bool winograd_takes(const ConvSpec& spec) {
  constexpr int64_t kMostProducts = int64_t{36} << 14;  // as many as a core's second cache holds
  constexpr int64_t kLeastTiles = 32;
  auto all_one = [](const Shape& sizes) { return sizes == Shape{1, 1}; };
  if (!spec.channels_last || spec.bf16 || spec.post.activation != FusedActivation::none || spec.groups != 1 ||
      spec.x.size() != 4)
    return false;
  if (spec.w[2] != 3 || spec.w[3] != 3 || !all_one(spec.strides) || !all_one(spec.dilations)) return false;
  const WinogradShape s = shape_of(spec);
  return s.channels % kWinogradChannels == 0 && s.filters % kWinogradChannels == 0 &&
         kWinogradPoints * s.channels * s.filters <= kMostProducts && s.tiles() >= kLeastTiles;
}

std::shared_ptr<const Primitive> make_winograd(const ConvSpec& spec) {
  return std::make_shared<Tiles>(shape_of(spec), Filters{spec.w[0], spec.w[1], false}, spec.bias, spec.threads);
}

std::shared_ptr<const Primitive> make_winograd_backward_data(const ConvSpec& spec) {
  return std::make_shared<Tiles>(transposed(shape_of(spec)), Filters{spec.w[0], spec.w[1], true}, false, spec.threads);
}

std::shared_ptr<const Primitive> make_winograd_backward_weights(const ConvSpec& spec) {
  return std::make_shared<Products>(shape_of(spec), spec.bias, spec.threads);
}

}  // namespace slipway::kernels
