// Int8Product of images: x laid channels last and padded with its zero point, one oneDNN convolution, corrections.
#include <algorithm>
#include <cstring>

#include "kernels/int8_parts.h"
#include "kernels/strided_copy.h"

namespace slipway::kernels {

namespace {

struct Layout {
  Shape padded;         // [N, C, ...] with padding where it cannot be left to the primitive
  StridedCopy arrange;  // ONNX's layout to channels last, inside the padding
  bool bordered = false;
};

Layout layout_of(const Int8ConvSpec& spec, bool zero_given) {
  Layout layout;
  layout.padded = spec.x;
  size_t spatial = spec.x.size() - 2;
  for (size_t i = 0; i < spatial && zero_given; ++i) {
    layout.padded[i + 2] += spec.pads_begin[i] + spec.pads_end[i];
    layout.bordered |= spec.pads_begin[i] + spec.pads_end[i] > 0;
  }
  Shape out(spec.x.size());
  int64_t stride = spec.x[1];
  out[1] = 1;
  for (size_t i = out.size(); i-- > 2;) {
    out[i] = stride;
    stride *= layout.padded[i];
    if (zero_given) layout.arrange.out_offset += spec.pads_begin[i - 2] * out[i];
  }
  out[0] = stride;
  Shape in = row_major_strides(spec.x);
  // Channels innermost, as they are written.
  layout.arrange.push(spec.x[0], in[0], out[0]);
  for (size_t i = 2; i < out.size(); ++i) layout.arrange.push(spec.x[i], in[i], out[i]);
  layout.arrange.push(spec.x[1], in[1], 1);
  return layout;
}

// What both ways of computing share: x arranged in scratch.
class Convolution : public Int8Product {
 public:
  explicit Convolution(const Int8ConvolutionSpec& spec) : spec_(spec) {
    spec_.conv.constant_w = nullptr;
    spec_.x_zero.constant = spec_.w_zero.constant = nullptr;
    layout_ = layout_of(spec.conv, spec.x_zero.given());
    arranged_ = scratch_.reserve(static_cast<size_t>(element_count(layout_.padded)));
  }
  size_t scratch_bytes() const override { return scratch_.bytes(); }

 protected:
  void arrange(const Int8Operands& a) const {
    auto* arranged = static_cast<std::byte*>(a.scratch) + arranged_;
    if (layout_.bordered) {
      std::memset(arranged, zero_at(spec_.x_zero.dtype, a.x_zero, 0),
                  static_cast<size_t>(element_count(layout_.padded)));
    }
    strided_copy(layout_.arrange, DType::u8, a.x, arranged, spec_.threads);
  }

  Int8ConvolutionSpec spec_;
  Layout layout_;
  ScratchLayout scratch_;
  size_t arranged_ = 0;
};

class FastConvolution final : public Convolution {
 public:
  FastConvolution(const Int8ConvolutionSpec& spec, std::shared_ptr<const Primitive> primitive, Tensor sums)
      : Convolution(spec), primitive_(std::move(primitive)), sums_(std::move(sums)) {
    primitive_scratch_ = scratch_.reserve(primitive_->scratch_bytes());
    offset_ = scratch_.reserve(static_cast<size_t>(spec.conv.w[0]) * sizeof(int32_t));
    shifted_ = scratch_.reserve(sums_.defined() ? 0 : static_cast<size_t>(element_count(spec.conv.w)));
  }
  std::shared_ptr<void> make_instance() const override { return primitive_->make_instance(); }

  const int32_t* run(void* instance, const Int8Operands& a) const override {
    auto* scratch = static_cast<std::byte*>(a.scratch);
    arrange(a);
    const void* w = a.w;
    if (!sums_.defined()) {
      auto* shifted = reinterpret_cast<int8_t*>(scratch + shifted_);
      to_int8(spec_.w, a.w, shifted, element_count(spec_.conv.w));
      w = shifted;
    }
    const void* in[] = {scratch + arranged_, w};
    void* out[] = {a.acc};
    primitive_->run(instance, in, out, scratch + primitive_scratch_);
    int32_t zero = zero_at(spec_.x_zero.dtype, a.x_zero, 0);
    if (zero == 0) return nullptr;
    auto* offset = reinterpret_cast<int32_t*>(scratch + offset_);
    int64_t channels = spec_.conv.w[0];
    int64_t each = element_count(spec_.conv.w) / channels;
    for (int64_t o = 0; o < channels; ++o) {
      offset[o] = zero * (sums_.defined() ? sums_.data<int32_t>()[static_cast<size_t>(o)]
                                          : sum_row(static_cast<const int8_t*>(w) + o * each, each));
    }
    return offset;
  }

  static int32_t sum_row(const int8_t* w, int64_t n) {
    int32_t sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += w[i];
    return sum;
  }

 private:
  std::shared_ptr<const Primitive> primitive_;
  Tensor sums_;  // of each output channel's weights; undefined when they are known at run time only
  size_t primitive_scratch_, offset_, shifted_;
};

// For weights with zero points: plain loops.
class PlainConvolution final : public Convolution {
 public:
  explicit PlainConvolution(const Int8ConvolutionSpec& spec) : Convolution(spec) {
    if (spec.x_zero.given()) return;
    // The border is real: give the arranged copy one of its own.
    layout_ = layout_of(spec.conv, true);
    scratch_ = {};
    arranged_ = scratch_.reserve(static_cast<size_t>(element_count(layout_.padded)));
  }
  std::shared_ptr<void> make_instance() const override { return nullptr; }

  const int32_t* run(void*, const Int8Operands& a) const override {
    arrange(a);
    const Shape& y = spec_.conv.y;
    int64_t spatial = element_count(std::span(y).subspan(2));
    for (int64_t n = 0; n < y[0]; ++n) {
      for (int64_t place = 0; place < spatial; ++place) {
        for (int64_t o = 0; o < y[1]; ++o) a.acc[(n * spatial + place) * y[1] + o] = sum_at(a, n, place, o);
      }
    }
    return nullptr;
  }

 private:
  // sum over the window of (x - x_zero)(w - w_zero)
  int32_t sum_at(const Int8Operands& a, int64_t n, int64_t place, int64_t o) const {
    const Int8ConvSpec& c = spec_.conv;
    const auto* x = static_cast<const std::byte*>(a.scratch) + arranged_;
    size_t spatial = c.x.size() - 2;
    int64_t group_channels = c.w[1];
    int64_t first = o / (c.w[0] / c.groups) * group_channels;
    int64_t taps = element_count(std::span(c.w).subspan(2));
    int32_t x_zero = zero_at(spec_.x_zero.dtype, a.x_zero, 0);
    int32_t w_zero = zero_at(spec_.w_zero.dtype, a.w_zero, spec_.w_zero.count > 1 ? o : 0);
    int32_t sum = 0;
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t at = 0;
      int64_t stride = c.x[1];
      int64_t rest_place = place;
      int64_t rest_tap = tap;
      for (size_t i = spatial; i-- > 0;) {
        int64_t coordinate = rest_place % c.y[i + 2] * c.strides[i] + rest_tap % c.w[i + 2] * c.dilations[i];
        rest_place /= c.y[i + 2];
        rest_tap /= c.w[i + 2];
        at += coordinate * stride;
        stride *= layout_.padded[i + 2];
      }
      for (int64_t ch = 0; ch < group_channels; ++ch) {
        int32_t xv = zero_at(c.x_dtype, x, n * stride + at + first + ch) - x_zero;
        int32_t wv = zero_at(spec_.w, a.w, (o * group_channels + ch) * taps + tap) - w_zero;
        sum += xv * wv;
      }
    }
    return sum;
  }
};

}  // namespace

Result<std::shared_ptr<const Int8Product>> make_int8_convolution(const Int8ConvolutionSpec& spec, const PackFn& pack) {
  using Pointer = std::shared_ptr<const Int8Product>;
  if (weights_shifted(spec.w, spec.w_zero)) return Pointer(std::make_shared<PlainConvolution>(spec));
  Int8ConvSpec conv = spec.conv;
  if (spec.x_zero.given()) {
    conv.x = layout_of(spec.conv, true).padded;
    conv.pads_begin.assign(conv.pads_begin.size(), 0);
    conv.pads_end.assign(conv.pads_end.size(), 0);
  }
  Tensor w;
  Tensor sums;
  if (spec.conv.constant_w != nullptr) {
    w = int8_weights(*spec.conv.constant_w, pack);
    conv.constant_w = &w;
    sums = pack(w, "int8 channel sums", [&] {
      Tensor t(DType::i32, {conv.w[0]});
      int64_t each = w.count() / conv.w[0];
      for (int64_t o = 0; o < conv.w[0]; ++o) {
        t.mutable_data<int32_t>()[static_cast<size_t>(o)] =
            FastConvolution::sum_row(w.data<int8_t>().data() + o * each, each);
      }
      return t;
    });
  }
  auto primitive = TRY(make_int8_conv(conv, pack));
  return Pointer(std::make_shared<FastConvolution>(spec, std::move(primitive), sums));
}

}  // namespace slipway::kernels
