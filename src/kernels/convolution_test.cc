// Convolutions channels last against the plain layout: post-ops, groups, and Winograd's rounding.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "kernels/primitive.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

Tensor keep(const Tensor&, const std::string&, const std::function<Tensor()>& make) { return make(); }

// [N, C, H, W] as [N, H, W, C], or back.
Tensor moved(const Tensor& x, bool to_last) {
  const Shape& s = x.shape();
  const int64_t n = s[0], c = to_last ? s[1] : s[3], area = to_last ? s[2] * s[3] : s[1] * s[2];
  Tensor y(DType::f32, to_last ? Shape{s[0], s[2], s[3], s[1]} : Shape{s[0], s[3], s[1], s[2]});
  std::span<const float> from = x.data<float>();
  std::span<float> to = y.mutable_data<float>();
  for (int64_t b = 0; b < n; ++b) {
    for (int64_t i = 0; i < c; ++i) {
      for (int64_t j = 0; j < area; ++j) {
        auto first = static_cast<size_t>((b * c + i) * area + j), last = static_cast<size_t>((b * area + j) * c + i);
        to[to_last ? last : first] = from[to_last ? first : last];
      }
    }
  }
  return y;
}

Tensor run(ConvSpec spec, const Tensor& x, const Tensor& w, const Tensor& bias, bool channels_last) {
  spec.channels_last = channels_last;
  spec.constant_w = &w;
  spec.bias = true;
  auto conv = make_conv(spec, keep);
  EXPECT_TRUE(conv.ok()) << conv.status().message();
  Tensor from = channels_last ? moved(x, true) : x;
  Tensor y(DType::f32, channels_last ? Shape{spec.y[0], spec.y[2], spec.y[3], spec.y[1]} : spec.y);
  std::shared_ptr<std::byte> scratch = allocate_bytes((*conv)->scratch_bytes());
  std::shared_ptr<void> instance = (*conv)->make_instance();
  const void* in[] = {from.raw(), w.raw(), bias.raw()};
  void* out[] = {y.mutable_raw()};
  (*conv)->run(instance.get(), in, out, scratch.get());
  return channels_last ? moved(y, false) : y;
}

// The largest difference of the two layouts over the largest result.
double difference(const ConvSpec& spec) {
  Tensor x = random_floats(spec.x, 1), w = random_floats(spec.w, 2), bias = random_floats({spec.w[0]}, 3);
  Tensor plain = run(spec, x, w, bias, false), last = run(spec, x, w, bias, true);
  double most = 0, scale = 0;
  for (int64_t i = 0; i < plain.count(); ++i) {
    auto at = static_cast<size_t>(i);
    most = std::max(most, std::abs(static_cast<double>(plain.data<float>()[at]) - last.data<float>()[at]));
    scale = std::max(scale, std::abs(static_cast<double>(plain.data<float>()[at])));
  }
  return most / scale;
}

ConvSpec spec_of(int64_t channels, int64_t filters, int64_t size, int64_t groups) {
  ConvSpec spec;
  spec.x = {2, channels, size, size + 3};
  spec.w = {filters, channels / groups, 3, 3};
  spec.y = {2, filters, size, size + 3};
  spec.strides = spec.dilations = spec.pads_begin = spec.pads_end = {1, 1};
  spec.groups = groups;
  return spec;
}

TEST(ConvolutionChannelsLast, IsThatOfThePlainLayout) {
  for (auto [channels, filters, groups] :
       {std::array{3, 8, 1}, std::array{8, 8, 8}, std::array{12, 6, 3}, std::array{16, 24, 1}}) {
    ConvSpec spec = spec_of(channels, filters, 9, groups);
    EXPECT_LT(difference(spec), 1e-6) << channels << " to " << filters << " in " << groups;
    spec.post = {FusedActivation::leaky_relu, 0.1f};
    EXPECT_LT(difference(spec), 1e-6) << channels << " to " << filters << " in " << groups;
  }
}

// Shapes that Winograd takes where the machine has it; its rounding grows with its tiles, not with the channels.
TEST(ConvolutionChannelsLast, WinogradRoundsLittle) {
  for (auto [channels, filters] : {std::array{32, 32}, std::array{64, 48}, std::array{256, 256}}) {
    ConvSpec spec = spec_of(channels, filters, 30, 1);
    EXPECT_LT(difference(spec), 1e-5) << channels << " to " << filters;
    spec.post = {FusedActivation::relu};
    EXPECT_LT(difference(spec), 1e-5) << channels << " to " << filters;
  }
}

}  // namespace
}  // namespace slipway
