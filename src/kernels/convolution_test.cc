// Convolutions and their gradients channels last against the plain layout: post-ops, groups, Winograd's rounding.
#include <algorithm>
#include <cmath>
#include <vector>

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

// The largest difference of two tensors over the largest element.
double relative(const Tensor& a, const Tensor& b) {
  double most = 0, scale = 0;
  for (int64_t i = 0; i < a.count(); ++i) {
    auto at = static_cast<size_t>(i);
    most = std::max(most, std::abs(static_cast<double>(a.data<float>()[at]) - b.data<float>()[at]));
    scale = std::max(scale, std::abs(static_cast<double>(a.data<float>()[at])));
  }
  return most / scale;
}

std::vector<Tensor> run_gradient(const Result<std::shared_ptr<const Primitive>>& made, const Tensor& a, const Tensor& b,
                                 std::vector<Tensor> out) {
  EXPECT_TRUE(made.ok()) << made.status().message();
  std::shared_ptr<std::byte> scratch = allocate_bytes((*made)->scratch_bytes());
  std::shared_ptr<void> instance = (*made)->make_instance();
  const void* in[] = {a.raw(), b.raw()};
  std::vector<void*> to;
  for (Tensor& t : out) to.push_back(t.mutable_raw());
  (*made)->run(instance.get(), in, to.data(), scratch.get());
  return out;
}

// Strides, groups, kernels and channels that Winograd leaves to oneDNN, and some that it takes.
TEST(ConvolutionChannelsLast, GradientsAreThoseOfThePlainLayout) {
  struct Row {
    int64_t channels, filters, groups, kernel, stride;
  };
  for (auto [channels, filters, groups, kernel, stride] :
       {Row{3, 8, 1, 3, 1}, Row{16, 32, 1, 3, 2}, Row{32, 16, 1, 1, 2}, Row{16, 16, 16, 3, 1}, Row{12, 6, 3, 3, 2},
        Row{24, 40, 1, 5, 1}, Row{32, 32, 1, 3, 1}, Row{17, 19, 1, 3, 1}, Row{16, 48, 1, 3, 1}}) {
    const int64_t height = 13, width = 10, pad = kernel / 2;
    ConvSpec plain;
    plain.x = {9, channels, height, width};
    plain.w = {filters, channels / groups, kernel, kernel};
    plain.y = {9, filters, (height - 1) / stride + 1, (width - 1) / stride + 1};
    plain.strides = {stride, stride};
    plain.dilations = {1, 1};
    plain.pads_begin = {pad, pad};
    plain.pads_end = {(plain.y[2] - 1) * stride + kernel - height - pad,
                      (plain.y[3] - 1) * stride + kernel - width - pad};
    plain.groups = groups;
    plain.bias = true;
    ConvSpec last = plain;
    last.channels_last = true;
    Tensor x = random_floats(plain.x, 1), w = random_floats(plain.w, 2), dy = random_floats(plain.y, 3);
    Tensor last_x = moved(x, true), last_dy = moved(dy, true);
    SCOPED_TRACE(testing::Message() << channels << " to " << filters << " in " << groups << ", kernel " << kernel);
    auto dx = run_gradient(make_conv_backward_data(plain), dy, w, {Tensor(DType::f32, plain.x)});
    auto last_dx = run_gradient(make_conv_backward_data(last), last_dy, w, {Tensor(DType::f32, last_x.shape())});
    EXPECT_LT(relative(dx[0], moved(last_dx[0], false)), 1e-5);
    auto outputs = [&] { return std::vector<Tensor>{Tensor(DType::f32, plain.w), Tensor(DType::f32, {filters})}; };
    auto dw = run_gradient(make_conv_backward_weights(plain), x, dy, outputs());
    auto last_dw = run_gradient(make_conv_backward_weights(last), last_x, last_dy, outputs());
    EXPECT_LT(relative(dw[0], last_dw[0]), 1e-5);
    EXPECT_LT(relative(dw[1], last_dw[1]), 1e-5);
  }
}

}  // namespace
}  // namespace slipway
