// Convolutions of bytes as they lie: in [N, H, W, C] what one row of a filter covers is one run of bytes, so that every
// result is a few runs multiplied by the weights in the same order.
#include <cstring>

#include <fmt/format.h>

#include "kernels/byte_conv.h"
#include "kernels/byte_conv_rows.h"
#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kLongest = 128;      // positions of a row that one unit of work takes
constexpr int64_t kFewest = 24;        // fewer where they read more than
constexpr int64_t kRead = 12288;       // bytes, which stay in the first cache beside weights that pass through it
constexpr int64_t kShortest = 12;      // and what more threads cut it down to
constexpr int64_t kGrain = 12000;      // steps of four products that are worth a thread
constexpr int64_t kRoundingSteps = 5;  // what rounding a vector costs beside them

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// How a convolution is cut into runs. `together` neighbouring positions are computed as one with together O channels,
// their filters shifted against each other: few channels fill a vector so.
struct Cut {
  ByteConvShape s;
  int64_t together = 1;
  bool by_tap = false;  // a run for each tap, not for each row of taps: where columns are dilated

  int64_t channels() const { return s.o * together; }
  int64_t positions() const { return ceil_div(s.ow, together); }  // in a row
  int64_t step() const { return s.sx * together * s.c; }
  int64_t run_bytes() const { return by_tap ? s.c : (s.kw + (together - 1) * s.sx) * s.c; }
  int64_t run_count() const { return by_tap ? s.kh * s.kw : s.kh; }
  int64_t quads() const { return ceil_div(run_bytes(), 4); }
  int64_t steps_of_position() const {
    return ChannelBlocks(channels()).vectors * (run_count() * quads() + kRoundingSteps);
  }
  // Bytes from a position's first to the end of what it reads.
  int64_t reach() const { return (by_tap ? (s.kw - 1) * s.dx * s.c : 0) + quads() * 4; }
};

// Pointwise convolutions see one long row.
ByteConvShape flattened(ByteConvShape s) {
  if (s.kh * s.kw == 1 && s.sy == 1 && s.sx == 1 && !s.padded) {
    s.w = s.ow = s.n * s.h * s.w;
    s.n = s.h = s.oh = 1;
  }
  return s;
}

Cut cut_of(const ByteConvShape& shape) {
  constexpr int64_t kMostTogether = 64;
  Cut best = {.s = flattened(shape), .by_tap = shape.dx > 1};
  auto cost = [](const Cut& c) { return c.positions() * c.steps_of_position(); };
  for (int64_t together = 2; together <= std::min(kMostTogether, best.s.ow) && !best.by_tap; ++together) {
    Cut other = best;
    other.together = together;
    if (cost(other) < cost(best)) best = other;
  }
  return best;
}

// By block of channels, run, quad and vector: [16 channels][4 bytes].
Tensor pack_weights(const Cut& cut, const Tensor& w) {
  const ByteConvShape& s = cut.s;
  const ChannelBlocks blocks(cut.channels());
  const int8_t* from = w.data<int8_t>().data();
  auto weight = [&](int64_t run, int64_t byte, int64_t channel) -> int8_t {
    const int64_t ky = cut.by_tap ? run / s.kw : run, shift = channel / s.o * s.sx, column = byte / s.c;
    const int64_t kx = cut.by_tap ? run % s.kw : column - shift;
    if (byte >= cut.run_bytes() || channel >= cut.channels() || kx < 0 || kx >= s.kw) return 0;
    return from[((channel % s.o * s.c + byte % s.c) * s.kh + ky) * s.kw + kx];
  };
  Tensor packed(DType::i8, {blocks.vectors * cut.run_count() * cut.quads() * 64});
  int8_t* to = packed.mutable_data<int8_t>().data();
  for (int64_t b = 0; b < blocks.count(); ++b) {
    for (int64_t at = 0; at < cut.run_count() * cut.quads(); ++at) {
      for (int64_t i = 0; i < blocks.size(b) * 64; ++i) {
        *to++ = weight(at / cut.quads(), at % cut.quads() * 4 + i % 4, blocks.begin(b) * kSums + i / 4);
      }
    }
  }
  return packed;
}

std::vector<float> repeated(std::span<const float> values, const Cut& cut) {
  std::vector<float> out(static_cast<size_t>(ChannelBlocks(cut.channels()).vectors * kSums));
  for (size_t i = 0; i < static_cast<size_t>(cut.channels()); ++i) out[i] = values[i % values.size()];
  return out;
}

class DirectByteConv final : public Primitive {
 public:
  DirectByteConv(const Cut& cut, const RequantizedConvSpec& spec, Tensor weights)
      : cut_(cut),
        weights_(std::move(weights)),
        scale_(repeated(spec.scale, cut)),
        bias_(repeated(bias_of_raw_sums(spec), cut)),
        low_(static_cast<uint8_t>(spec.low)),
        high_(static_cast<uint8_t>(spec.high)),
        x_zero_(spec.x_zero) {
    const ByteConvShape& s = cut.s;
    ring_ = (s.kh - 1) * s.dy + 1;
    const int64_t rows = s.n * s.oh, wanted = ceil_div(4 * spec.threads, rows);
    const int64_t most = std::clamp(kRead / (s.kh * cut.step()), kFewest, kLongest);
    segments_ = std::max(ceil_div(cut.positions(), most), std::min(ceil_div(cut.positions(), kShortest), wanted));
    units_ = rows * segments_;
    const int64_t longest = ceil_div(cut.positions(), segments_);
    const int64_t grain = std::max<int64_t>(1, kGrain / (longest * cut.steps_of_position()));
    threads_ = std::clamp<int64_t>(units_ / grain, 1, spec.threads);
    row_bytes_ = ceil_div((longest - 1) * cut.step() + cut.reach(), 64) * 64;
    pointers_ = ceil_div(static_cast<int64_t>(sizeof(void*)) * cut.run_count(), 64) * 64;
    tags_ = ceil_div(static_cast<int64_t>(sizeof(int64_t)) * ring_, 64) * 64;
  }

  size_t scratch_bytes() const override { return static_cast<size_t>(threads_ * scratch_of_thread()); }
  std::shared_ptr<void> make_instance() const override { return nullptr; }

  void run(void*, const void* const* in, void* const* out, void* scratch) const override {
    const auto* x = static_cast<const uint8_t*>(in[0]);
    auto* y = static_cast<uint8_t*>(out[0]);
    parallel_for(static_cast<int>(threads_), threads_, 1, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) {
        auto* own = static_cast<std::byte*>(scratch) + t * scratch_of_thread();
        run_units(units_ * t / threads_, units_ * (t + 1) / threads_, x, y, own);
      }
    });
  }

 private:
  int64_t scratch_of_thread() const { return pointers_ + tags_ + ring_ * row_bytes_; }

  // Some of a row: positions [begin, end) of row `oy` of image `n`.
  struct Unit {
    int64_t n, oy, begin, end;
  };
  // Rows follow each other within a segment, so that each finds most of what it reads where the last one put it.
  Unit unit(int64_t i) const {
    const int64_t oy = i % cut_.s.oh, segment = i / cut_.s.oh % segments_, n = i / cut_.s.oh / segments_;
    return {n, oy, cut_.positions() * segment / segments_, cut_.positions() * (segment + 1) / segments_};
  }

  void run_units(int64_t begin, int64_t end, const uint8_t* x, uint8_t* y, std::byte* scratch) const {
    const ByteConvShape& s = cut_.s;
    auto** runs = reinterpret_cast<const uint8_t**>(scratch);
    auto* tags = reinterpret_cast<int64_t*>(scratch + pointers_);
    auto* rows = reinterpret_cast<uint8_t*>(scratch + pointers_ + tags_);
    std::fill_n(tags, ring_, -1);
    for (int64_t i = begin; i < end; ++i) {
      const Unit u = unit(i);
      for (int64_t ky = 0; ky < s.kh; ++ky) {
        const int64_t place = u.oy * s.sy + ky * s.dy, slot = place % ring_;
        const uint8_t* row = source(x, u, place - s.top);
        if (row == nullptr) {
          uint8_t* copy = rows + slot * row_bytes_;
          const int64_t tag = (i / s.oh << 32) + place;
          if (tags[slot] != tag) copy_row(x, u, place - s.top, copy);
          tags[slot] = tag;
          row = copy;
        }
        if (!cut_.by_tap) runs[ky] = row;
        for (int64_t kx = 0; kx < s.kw && cut_.by_tap; ++kx) runs[ky * s.kw + kx] = row + kx * s.dx * s.c;
      }
      uint8_t* to = y + (u.n * s.oh + u.oy) * s.ow * s.o;
      direct_row({.runs = runs,
                  .run_count = cut_.run_count(),
                  .quads = cut_.quads(),
                  .step = cut_.step(),
                  .positions = u.end - u.begin,
                  .channels = cut_.channels(),
                  .w = weights_.data<int8_t>().data(),
                  .rounding = {scale_.data(), bias_.data(), low_, high_},
                  .y = to + u.begin * cut_.channels(),
                  .y_bytes = std::min(u.end * cut_.channels(), s.ow * s.o) - u.begin * cut_.channels()});
    }
  }

  int64_t first_column(const Unit& u) const { return u.begin * cut_.together * cut_.s.sx - cut_.s.left; }
  int64_t bytes_read(const Unit& u) const { return (u.end - u.begin - 1) * cut_.step() + cut_.reach(); }

  // Where row iy of x can be read as it lies; nullptr where it has padding or ends too early.
  const uint8_t* source(const uint8_t* x, const Unit& u, int64_t iy) const {
    const ByteConvShape& s = cut_.s;
    const int64_t column = first_column(u),
                  needed = (u.end * cut_.together - 1) * s.sx - s.left + (s.kw - 1) * s.dx + 1;
    if (iy < 0 || iy >= s.h || column < 0) return nullptr;
    const int64_t at = ((u.n * s.h + iy) * s.w + column) * s.c;
    if (at + bytes_read(u) > s.n * s.h * s.w * s.c) return nullptr;
    // What positions beyond the row would read does not count.
    const int64_t last = (s.ow - 1) * s.sx - s.left + (s.kw - 1) * s.dx + 1;
    return std::min(needed, last) <= s.w ? x + at : nullptr;
  }

  void copy_row(const uint8_t* x, const Unit& u, int64_t iy, uint8_t* to) const {
    const ByteConvShape& s = cut_.s;
    const int64_t column = first_column(u), columns = ceil_div(bytes_read(u), s.c);
    const bool inside = iy >= 0 && iy < s.h;
    const int64_t bytes = bytes_read(u);
    const int64_t before = inside ? std::clamp<int64_t>(-column, 0, columns) : columns;
    const int64_t copied = inside ? std::clamp<int64_t>(s.w - column, before, columns) - before : 0;
    std::memset(to, x_zero_, static_cast<size_t>(std::min(bytes, before * s.c)));
    if (copied > 0) {
      const uint8_t* from = x + ((u.n * s.h + iy) * s.w + column + before) * s.c;
      std::memcpy(to + before * s.c, from, static_cast<size_t>(std::min(copied * s.c, bytes - before * s.c)));
    }
    const int64_t end = (before + copied) * s.c;
    if (end < bytes) std::memset(to + end, x_zero_, static_cast<size_t>(bytes - end));
  }

  Cut cut_;
  Tensor weights_;
  std::vector<float> scale_, bias_;
  uint8_t low_, high_;
  int x_zero_;
  int64_t segments_, units_, threads_;
  int64_t ring_, row_bytes_;  // copied rows of a thread
  int64_t pointers_, tags_;   // bytes of scratch
};

}  // namespace

std::shared_ptr<const Primitive> make_direct_byte_conv(const RequantizedConvSpec& spec, const PackFn& pack) {
  constexpr int64_t kMostWeights = int64_t{400} << 10;  // bytes, which every row of results reads all of
  if (spec.conv.groups != 1 || element_count(spec.conv.w) > kMostWeights) return nullptr;
  const std::optional<ByteConvShape> shape = byte_conv_shape(spec);
  if (!shape) return nullptr;
  const Cut cut = cut_of(*shape);
  const Tensor& w = *spec.conv.constant_w;
  const std::string layout =
      fmt::format("bytes direct {} at {}{}", cut.together, cut.s.sx, cut.by_tap ? " by tap" : "");
  return std::make_shared<DirectByteConv>(cut, spec, pack(w, layout, [&] { return pack_weights(cut, w); }));
}

}  // namespace slipway::kernels
