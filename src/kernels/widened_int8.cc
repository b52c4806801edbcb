// Bytes to float32, float32 products of parts of the weights, sums in int32.
#include "kernels/widened_int8.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "kernels/parallel.h"
#include "kernels/quantize.h"
#include "kernels/scratch.h"

namespace slipway::kernels {

namespace {

constexpr int64_t kExact = int64_t{1} << 24;
constexpr int64_t kLargestInput = 255;  // of |x - zero point|
constexpr int64_t kGrain = 16384;

// The widest parts of weights whose products float32 sums exactly. `terms`: products in a sum; `largest_sum`: the most
// that the sum of |w| over one is, where weights are known, else 128 each.
int bits_of_parts(int64_t terms, int64_t largest_sum) {
  if (kLargestInput * largest_sum < kExact) return 8;
  for (int bits : {4, 2}) {
    if (kLargestInput * terms * ((int64_t{1} << bits) - 1) < kExact) return bits;
  }
  return 1;
}

// Part `j` of w: its bits from bits * j on; the last part has the sign.
float part_of(int8_t w, int bits, int j) {
  const int shifted = w >> (bits * j);
  return static_cast<float>(bits * (j + 1) == 8 ? shifted : shifted & ((1 << bits) - 1));
}

void to_float(DType dtype, const void* x, int32_t zero, float* y, int64_t begin, int64_t end) {
  if (dtype == DType::u8) {
    const auto* bytes = static_cast<const uint8_t*>(x);
    for (int64_t i = begin; i < end; ++i) y[i] = static_cast<float>(bytes[i] - zero);
  } else {
    const auto* bytes = static_cast<const int8_t*>(x);
    for (int64_t i = begin; i < end; ++i) y[i] = static_cast<float>(bytes[i] - zero);
  }
}

// What both kinds of products are: counts of elements, and a float32 product for given or constant weights.
struct Shapes {
  int64_t x = 0, w = 0, y = 0;  // elements
  int64_t terms = 0;            // products in one sum
  DType x_dtype = DType::u8;
  int32_t x_zero = 0;
  std::function<Result<std::shared_ptr<const Primitive>>(const Tensor* constant_w)> product;
};

// The most that |w| sums to over the weights of one output. `line(i)`: the output that weight i belongs to.
template <typename Line>
int64_t largest_sum(std::span<const int8_t> w, int64_t outputs, Line line) {
  std::vector<int64_t> sums(static_cast<size_t>(outputs));
  for (size_t i = 0; i < w.size(); ++i) {
    sums[static_cast<size_t>(line(static_cast<int64_t>(i)))] += std::abs(static_cast<int64_t>(w[i]));
  }
  return sums.empty() ? 0 : *std::ranges::max_element(sums);
}

// Sums of products in int32, in scratch or in an output.
class Sums {
 public:
  static Result<Sums> create(const Shapes& shapes, const Tensor* constant_w, int64_t largest, const PackFn& pack) {
    Sums s;
    s.shapes_ = shapes;
    s.bits_ = bits_of_parts(shapes.terms, largest);
    s.constant_ = constant_w != nullptr;
    for (int j = 0; j < (s.constant_ ? s.parts() : 1); ++j) {
      if (s.constant_) s.weights_.push_back(s.packed(*constant_w, j, pack));
      s.products_.push_back(TRY(shapes.product(s.constant_ ? &s.weights_.back() : nullptr)));
    }
    size_t inner = 0;
    for (const auto& product : s.products_) inner = std::max(inner, product->scratch_bytes());
    s.inner_ = s.layout_.reserve(inner);
    s.x_ = s.layout_.reserve(static_cast<size_t>(shapes.x) * sizeof(float));
    s.w_ = s.layout_.reserve(s.constant_ ? 0 : static_cast<size_t>(shapes.w) * sizeof(float));
    s.y_ = s.layout_.reserve(static_cast<size_t>(shapes.y) * sizeof(float));
    return s;
  }

  ScratchLayout& layout() { return layout_; }
  size_t scratch_bytes() const { return layout_.bytes(); }
  int64_t count() const { return shapes_.y; }
  int threads() const { return threads_; }

  std::shared_ptr<void> make_instance() const {
    auto instances = std::make_shared<std::vector<std::shared_ptr<void>>>();
    for (const auto& product : products_) instances->push_back(product->make_instance());
    return instances;
  }

  void run(void* instance, const void* x, const int8_t* w, int32_t* acc, std::byte* scratch) const {
    auto& instances = *static_cast<std::vector<std::shared_ptr<void>>*>(instance);
    auto* floats = reinterpret_cast<float*>(scratch + x_);
    auto* weights = reinterpret_cast<float*>(scratch + w_);
    auto* y = reinterpret_cast<float*>(scratch + y_);
    parallel_for(threads_, shapes_.x, kGrain,
                 [&](int64_t begin, int64_t end) { to_float(shapes_.x_dtype, x, shapes_.x_zero, floats, begin, end); });
    for (int j = 0; j < parts(); ++j) {
      for (int64_t i = 0; !constant_ && i < shapes_.w; ++i) weights[i] = part_of(w[i], bits_, j);
      const size_t at = constant_ ? static_cast<size_t>(j) : 0;
      const void* in[] = {floats, constant_ ? weights_[at].raw() : weights};
      void* out[] = {y};
      products_[at]->run(instances[at].get(), in, out, scratch + inner_);
      parallel_for(threads_, shapes_.y, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          // Sums beyond int32 wrap around, as ONNX's integer products do.
          const uint32_t sum = static_cast<uint32_t>(static_cast<int32_t>(y[i])) << (bits_ * j);
          acc[i] = static_cast<int32_t>(j == 0 ? sum : static_cast<uint32_t>(acc[i]) + sum);
        }
      });
    }
  }

 private:
  int parts() const { return 8 / bits_; }

  Tensor packed(const Tensor& w, int j, const PackFn& pack) const {
    return pack(w, fmt::format("float32 of {} bits, part {}", bits_, j), [&] {
      Tensor t(DType::f32, w.shape());
      std::span<const int8_t> from = w.data<int8_t>();
      for (size_t i = 0; i < from.size(); ++i) t.mutable_data<float>()[i] = part_of(from[i], bits_, j);
      return t;
    });
  }

  Shapes shapes_;
  int bits_ = 8;
  bool constant_ = false;
  int threads_ = omp_get_max_threads();
  std::vector<Tensor> weights_;                             // the parts of constant weights
  std::vector<std::shared_ptr<const Primitive>> products_;  // for each of these, else one
  ScratchLayout layout_;
  size_t inner_ = 0, x_ = 0, w_ = 0, y_ = 0;
};

// in: {x, w}; out: {acc}.
class WidenedProduct final : public Primitive {
 public:
  explicit WidenedProduct(Sums sums) : sums_(std::move(sums)) {}
  size_t scratch_bytes() const override { return sums_.scratch_bytes(); }
  std::shared_ptr<void> make_instance() const override { return sums_.make_instance(); }
  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override {
    sums_.run(instance, in[0], static_cast<const int8_t*>(in[1]), static_cast<int32_t*>(out[0]),
              static_cast<std::byte*>(scratch));
  }

 private:
  Sums sums_;
};

// in: {x}; out: {y}.
class WidenedRequantized final : public Primitive {
 public:
  WidenedRequantized(Sums sums, const RequantizedConvSpec& spec)
      : sums_(std::move(sums)),
        scale_(spec.scale.begin(), spec.scale.end()),
        bias_(spec.bias.begin(), spec.bias.end()),
        y_(spec.y),
        low_(spec.low),
        high_(spec.high),
        acc_(sums_.layout().reserve(static_cast<size_t>(sums_.count()) * sizeof(int32_t))) {}
  size_t scratch_bytes() const override { return sums_.scratch_bytes(); }
  std::shared_ptr<void> make_instance() const override { return sums_.make_instance(); }

  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override {
    auto* bytes = static_cast<std::byte*>(scratch);
    auto* acc = reinterpret_cast<int32_t*>(bytes + acc_);
    sums_.run(instance, in[0], nullptr, acc, bytes);
    const auto channels = static_cast<int64_t>(scale_.size());
    const Rescale scaled{.n = channels, .scale = scale_.data(), .bias = bias_.data(), .high = high_};
    const int64_t rows = sums_.count() / channels;
    if (y_ == DType::f32) {
      rescale_to_float(scaled, acc, rows, low_, static_cast<float*>(out[0]), sums_.threads());
    } else {
      const auto low = static_cast<int32_t>(low_);
      rescale_to_int8(scaled, acc, rows, 0, low, y_, out[0], sums_.threads());
    }
  }

 private:
  Sums sums_;
  std::vector<float> scale_, bias_;
  DType y_;
  float low_, high_;
  size_t acc_;
};

Shapes shapes_of(const Int8ConvSpec& spec, int32_t x_zero, const PackFn& pack) {
  return {.x = element_count(spec.x),
          .w = element_count(spec.w),
          .y = element_count(spec.y),
          .terms = element_count(std::span(spec.w).subspan(1)),
          .x_dtype = spec.x_dtype,
          .x_zero = x_zero,
          .product = [=](const Tensor* constant_w) { return make_direct_float_conv(spec, constant_w, pack); }};
}

Result<Sums> conv_sums(const Int8ConvSpec& spec, int32_t x_zero, const PackFn& pack) {
  const Shapes shapes = shapes_of(spec, x_zero, pack);
  int64_t largest = shapes.terms * 128;
  if (spec.constant_w != nullptr && shapes.terms > 0) {
    largest = largest_sum(spec.constant_w->data<int8_t>(), spec.w[0], [&](int64_t i) { return i / shapes.terms; });
  }
  return Sums::create(shapes, spec.constant_w, largest, pack);
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_widened_matmul(const Int8MatmulSpec& spec, const PackFn& pack) {
  Shapes shapes{.x = spec.m * spec.k, .w = spec.n * spec.k, .y = spec.m * spec.n, .terms = spec.k, .x_dtype = spec.x};
  shapes.product = [=](const Tensor* constant_w) {
    return make_matmul(
        {.m = spec.m, .n = spec.n, .k = spec.k, .transpose_b = spec.transpose_w, .constant_b = constant_w}, pack);
  };
  int64_t largest = spec.k * 128;
  if (spec.constant_w != nullptr && spec.k > 0) {
    largest = largest_sum(spec.constant_w->data<int8_t>(), spec.n,
                          [&](int64_t i) { return spec.transpose_w ? i / spec.k : i % spec.n; });
  }
  Sums sums = TRY(Sums::create(shapes, spec.constant_w, largest, pack));
  return std::shared_ptr<const Primitive>(std::make_shared<WidenedProduct>(std::move(sums)));
}

Result<std::shared_ptr<const Primitive>> make_widened_conv(const Int8ConvSpec& spec, const PackFn& pack) {
  Sums sums = TRY(conv_sums(spec, 0, pack));
  return std::shared_ptr<const Primitive>(std::make_shared<WidenedProduct>(std::move(sums)));
}

Result<std::shared_ptr<const Primitive>> make_widened_requantized_conv(const RequantizedConvSpec& spec,
                                                                       const PackFn& pack) {
  Sums sums = TRY(conv_sums(spec.conv, spec.x_zero, pack));
  return std::shared_ptr<const Primitive>(std::make_shared<WidenedRequantized>(std::move(sums), spec));
}

}  // namespace slipway::kernels
