// Convolutions with few channels as primitives.
#include "kernels/small_conv.h"

#include <omp.h>

#include <algorithm>
#include <optional>

namespace slipway::kernels {

namespace {

// The sizes, where these passes are for them: square windows, neither groups nor dilation.
std::optional<SmallConv> small_of(const ConvSpec& spec) {
  if (spec.x.size() != 4 || spec.groups != 1 || spec.bf16 || spec.channels_last) return std::nullopt;
  const bool square = spec.w[2] == spec.w[3] && spec.strides[0] == spec.strides[1];
  const bool dense = std::ranges::all_of(spec.dilations, [](int64_t d) { return d == 1; });
  if (!square || !dense || spec.pads_begin[0] < 0 || spec.pads_begin[1] < 0) return std::nullopt;
  SmallConv s = {.batch = spec.x[0],
                 .c = spec.x[1],
                 .h = spec.x[2],
                 .w = spec.x[3],
                 .o = spec.y[1],
                 .oh = spec.y[2],
                 .ow = spec.y[3],
                 .k = spec.w[2],
                 .stride = spec.strides[0],
                 .top = spec.pads_begin[0],
                 .left = spec.pads_begin[1]};
  if (!small_conv_runs(s)) return std::nullopt;
  return s;
}

// in: {X, W, bias?}; out: {Y}.
class Forward final : public Primitive {
 public:
  Forward(const SmallConv& s, bool bias, bool relu)
      : s_(s), bias_(bias), relu_(relu), threads_(omp_get_max_threads()) {}
  size_t scratch_bytes() const override { return static_cast<size_t>(small_conv_scratch(s_, threads_)) * 4; }
  std::shared_ptr<void> make_instance() const override { return nullptr; }
  void run(void*, const void* const* in, void* const* out, void* scratch) const override {
    small_conv(s_, static_cast<const float*>(in[0]), static_cast<const float*>(in[1]),
               bias_ ? static_cast<const float*>(in[2]) : nullptr, relu_, static_cast<float*>(out[0]),
               static_cast<float*>(scratch), threads_);
  }

 private:
  SmallConv s_;
  bool bias_, relu_;
  int threads_;
};

// in: {dY, W}; out: {dX}.
class Data final : public Primitive {
 public:
  explicit Data(const SmallConv& s) : s_(s), threads_(omp_get_max_threads()) {}
  size_t scratch_bytes() const override { return static_cast<size_t>(small_conv_data_scratch(s_, threads_)) * 4; }
  std::shared_ptr<void> make_instance() const override { return nullptr; }
  void run(void*, const void* const* in, void* const* out, void* scratch) const override {
    small_conv_data(s_, static_cast<const float*>(in[0]), static_cast<const float*>(in[1]), static_cast<float*>(out[0]),
                    static_cast<float*>(scratch), threads_);
  }

 private:
  SmallConv s_;
  int threads_;
};

// in: {X, dY}; out: {dW, db?}.
class Weights final : public Primitive {
 public:
  Weights(const SmallConv& s, bool bias) : s_(s), bias_(bias), threads_(omp_get_max_threads()) {}
  size_t scratch_bytes() const override { return static_cast<size_t>(small_conv_weights_scratch(s_, threads_)) * 4; }
  std::shared_ptr<void> make_instance() const override { return nullptr; }
  void run(void*, const void* const* in, void* const* out, void* scratch) const override {
    small_conv_weights(s_, static_cast<const float*>(in[0]), static_cast<const float*>(in[1]),
                       static_cast<float*>(out[0]), bias_ ? static_cast<float*>(out[1]) : nullptr,
                       static_cast<float*>(scratch), threads_);
  }

 private:
  SmallConv s_;
  bool bias_;
  int threads_;
};

// Most input channels with which they beat oneDNN's, whose vectors these channels would leave mostly empty.
constexpr int64_t kMostChannels = 8;
// Fewest with which a gradient of more than a vector of 8 filters does: each vector of dY is used for all of them.
constexpr int64_t kFewestChannels = 4;
constexpr int64_t kFewFilters = 8;

}  // namespace

std::shared_ptr<const Primitive> make_small_conv(const ConvSpec& spec) {
  const bool relu = spec.post.activation == FusedActivation::relu;
  if (spec.constant_w != nullptr || (!relu && spec.post.activation != FusedActivation::none)) return nullptr;
  std::optional<SmallConv> s = small_of(spec);
  if (!s || (s->c >= kMostChannels && s->o > kFewFilters)) return nullptr;
  return std::make_shared<Forward>(*s, spec.bias, relu);
}

std::shared_ptr<const Primitive> make_small_conv_data(const ConvSpec& spec) {
  std::optional<SmallConv> s = small_of(spec);
  if (!s || s->c > kMostChannels) return nullptr;
  return std::make_shared<Data>(*s);
}

std::shared_ptr<const Primitive> make_small_conv_weights(const ConvSpec& spec) {
  std::optional<SmallConv> s = small_of(spec);
  if (!s || s->c > kMostChannels || (s->c < kFewestChannels && s->o > kFewFilters)) return nullptr;
  return std::make_shared<Weights>(*s, spec.bias);
}

}  // namespace slipway::kernels
