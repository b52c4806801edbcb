// Depthwise convolutions of bytes. What one column of a filter meets of [N, H, W, C] is a row of bytes again, moved by
// C: results are computed in strips of 64 bytes, whatever positions and channels those belong to, and four columns of
// the filter make one step.
#include <numeric>

#include "kernels/byte_conv.h"
#include "kernels/byte_conv_rows.h"
#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kStrip = 64;
constexpr int64_t kGrain = 240;  // rows of quads of strips of kRowsTogether rows that are worth a thread

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t quads_of(const ByteConvShape& s) { return ceil_div(s.kw, 4); }

// The strips of a row of results. After `phases` of them channels begin a strip at the same place again.
struct Strips {
  int64_t phases = 0;
  std::vector<DepthwiseStrip> strips;
  std::vector<StripPiece> taps;  // by strip, tap, piece
  int64_t pieces = 1;            // of a tap; those not needed have no bytes
};

// Where column kx of the filter meets strip i. At a stride, neighbouring positions meet bytes that are no neighbours.
std::vector<StripPiece> pieces_of(const ByteConvShape& s, int64_t strip, int64_t kx) {
  std::vector<StripPiece> pieces;
  for (int64_t j = 0; j < kStrip && strip * kStrip + j < s.ow * s.c; ++j) {
    const int64_t position = (strip * kStrip + j) / s.c, column = position * s.sx + kx * s.dx - s.left;
    if (column < 0 || column >= s.w) continue;
    const int64_t offset = strip * kStrip + (column - position) * s.c;
    if (pieces.empty() || pieces.back().offset != offset) pieces.push_back({offset, 0});
    pieces.back().mask |= uint64_t{1} << j;
  }
  return pieces;
}

Strips strips_of(const ByteConvShape& s) {
  Strips out;
  out.phases = s.c / std::gcd(s.c, kStrip);
  const int64_t count = ceil_div(s.ow * s.c, kStrip), columns = quads_of(s) * 4;
  std::vector<std::vector<StripPiece>> found;
  for (int64_t strip = 0; strip < count; ++strip) {
    DepthwiseStrip info = {.mask = ~uint64_t{0}, .phase = strip % out.phases, .whole = true};
    const int64_t bytes = s.ow * s.c - strip * kStrip;
    if (bytes < kStrip) info.mask >>= kStrip - bytes;
    for (int64_t kx = 0; kx < columns; ++kx) {
      found.push_back(pieces_of(s, strip, std::min(kx, s.kw - 1)));  // beyond the filter: weights of 0
      info.whole &= found.back().size() == 1 && found.back()[0].mask == ~uint64_t{0};
      out.pieces = std::max(out.pieces, static_cast<int64_t>(found.back().size()));
    }
    out.strips.push_back(info);
  }
  // Whole strips find their one piece at the same place as others their first.
  out.taps.resize(found.size() * static_cast<size_t>(out.pieces));
  for (size_t i = 0; i < found.size(); ++i) {
    std::copy(found[i].begin(), found[i].end(), out.taps.begin() + static_cast<std::ptrdiff_t>(i) * out.pieces);
  }
  return out;
}

// f(i, channel, rest): element i of an array by phase, `rest` and lane, where the lanes of v, [16], meet bytes 4 v to
// 4 v + 3 of every 16 of a strip.
template <typename F>
void walk_lanes(int64_t channels, int64_t phases, int64_t rest, F&& f) {
  int64_t i = 0;
  for (int64_t phase = 0; phase < phases; ++phase) {
    for (int64_t at = 0; at < rest * kStrip; ++at, ++i) {
      const int64_t v = at / 16 % 4, lane = at / 4 % 4, k = at % 4;
      f(i, (phase * kStrip + lane * 16 + v * 4 + k) % channels, at / kStrip);
    }
  }
}

Tensor pack_weights(const ByteConvShape& s, int64_t phases, const Tensor& w) {
  const int64_t quads = quads_of(s);
  Tensor packed(DType::i8, {phases * s.kh * quads * kStrip * 4});
  std::span<int8_t> to = packed.mutable_data<int8_t>();
  std::span<const int8_t> from = w.data<int8_t>();
  walk_lanes(s.c, phases, s.kh * quads, [&](int64_t i, int64_t channel, int64_t rest) {
    for (int64_t b = 0; b < 4; ++b) {
      const int64_t ky = rest / quads, kx = rest % quads * 4 + b;
      to[static_cast<size_t>(i * 4 + b)] =
          kx < s.kw ? from[static_cast<size_t>((channel * s.kh + ky) * s.kw + kx)] : int8_t{0};
    }
  });
  return packed;
}

std::vector<float> by_lane(std::span<const float> values, int64_t phases) {
  std::vector<float> out(static_cast<size_t>(phases * kStrip));
  walk_lanes(static_cast<int64_t>(values.size()), phases, 1, [&](int64_t i, int64_t channel, int64_t) {
    out[static_cast<size_t>(i)] = values[static_cast<size_t>(channel)];
  });
  return out;
}

class DepthwiseByteConv final : public Primitive {
 public:
  DepthwiseByteConv(const ByteConvShape& shape, Strips strips, const RequantizedConvSpec& spec, Tensor weights)
      : s_(shape),
        strips_(std::move(strips)),
        weights_(std::move(weights)),
        scale_(by_lane(spec.scale, strips_.phases)),
        bias_(by_lane(bias_of_raw_sums(spec), strips_.phases)),
        low_(static_cast<uint8_t>(spec.low)),
        high_(static_cast<uint8_t>(spec.high)),
        x_zero_(static_cast<uint8_t>(spec.x_zero)),
        threads_(spec.threads) {}

  size_t scratch_bytes() const override { return 0; }
  std::shared_ptr<void> make_instance() const override { return nullptr; }

  void run(void*, const void* const* in, void* const* out, void*) const override {
    const auto* x = static_cast<const uint8_t*>(in[0]);
    auto* y = static_cast<uint8_t*>(out[0]);
    const auto strips = static_cast<int64_t>(strips_.strips.size());
    const int64_t bands = ceil_div(s_.oh, kRowsTogether);
    const int64_t grain = std::max<int64_t>(1, kGrain / (s_.kh * quads_of(s_)));
    parallel_for(threads_, s_.n * bands * strips, grain, [&](int64_t begin, int64_t end) {
      while (begin < end) {
        const int64_t band = begin / strips, first = begin % strips, last = std::min(strips, first + end - begin);
        compute(x, y, band / bands, band % bands, first, last);
        begin += last - first;
      }
    });
  }

 private:
  // The last of several bands ends with the image and leaves alone what the one before it has written.
  void compute(const uint8_t* x, uint8_t* y, int64_t n, int64_t band, int64_t first_strip, int64_t last_strip) const {
    const int64_t rows = std::min(kRowsTogether, s_.oh), begin = band * kRowsTogether;
    const int64_t oy = std::min(begin, s_.oh - rows);
    depthwise_rows({.x = x + n * s_.h * s_.w * s_.c,
                    .h = s_.h,
                    .row_bytes = s_.w * s_.c,
                    .top = oy * s_.sy - s_.top,
                    .kw = s_.kw,
                    .kh = s_.kh,
                    .sy = s_.sy,
                    .dy = s_.dy,
                    .quads = quads_of(s_),
                    .strips = strips_.strips.data(),
                    .taps = strips_.taps.data(),
                    .pieces = strips_.pieces,
                    .begin = first_strip,
                    .end = last_strip,
                    .x_zero = x_zero_,
                    .w = weights_.data<int8_t>().data(),
                    .rounding = {scale_.data(), bias_.data(), low_, high_},
                    .y = y + (n * s_.oh + oy) * s_.ow * s_.c,
                    .y_row = s_.ow * s_.c,
                    .first = begin - oy,
                    .rows = rows});
  }

  ByteConvShape s_;
  Strips strips_;
  Tensor weights_;
  std::vector<float> scale_, bias_;
  uint8_t low_, high_, x_zero_;
  int threads_;
};

}  // namespace

std::shared_ptr<const Primitive> make_depthwise_byte_conv(const RequantizedConvSpec& spec, const PackFn& pack) {
  constexpr int64_t kMostPieces = 8;
  const Int8ConvSpec& c = spec.conv;
  if (c.groups == 1 || c.groups != c.x[1] || c.groups != c.w[0]) return nullptr;
  const std::optional<ByteConvShape> shape = byte_conv_shape(spec);
  if (!shape) return nullptr;
  Strips strips = strips_of(*shape);
  if (strips.pieces > kMostPieces) return nullptr;
  Tensor weights =
      pack(*c.constant_w, "bytes by channel", [&] { return pack_weights(*shape, strips.phases, *c.constant_w); });
  return std::make_shared<DepthwiseByteConv>(*shape, std::move(strips), spec, std::move(weights));
}

}  // namespace slipway::kernels
