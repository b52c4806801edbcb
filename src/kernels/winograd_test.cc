// Winograd's convolutions and their gradients against plain sums in double, for sizes that fill no tile and no block.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/winograd_convolution.h"
#include "support/run_nodes.h"

namespace slipway::kernels {
namespace {

struct Case {
  int64_t batch, channels, filters, height, width, top, left, bottom, right;
};

ConvSpec spec_of(const Case& c, int threads) {
  ConvSpec spec;
  spec.x = {c.batch, c.channels, c.height, c.width};
  spec.w = {c.filters, c.channels, 3, 3};
  spec.y = {c.batch, c.filters, c.height + c.top + c.bottom - 2, c.width + c.left + c.right - 2};
  spec.strides = spec.dilations = {1, 1};
  spec.pads_begin = {c.top, c.left};
  spec.pads_end = {c.bottom, c.right};
  spec.channels_last = true;
  spec.bias = true;
  spec.threads = threads;
  return spec;
}

Shape moved(const Shape& s) { return {s[0], s[2], s[3], s[1]}; }

std::vector<Tensor> run(const Primitive& primitive, const std::vector<Tensor>& in, const std::vector<Shape>& shapes) {
  std::vector<Tensor> out;
  std::vector<const void*> from;
  std::vector<void*> to;
  for (const Tensor& t : in) from.push_back(t.raw());
  for (const Shape& shape : shapes) out.emplace_back(DType::f32, shape);
  for (Tensor& t : out) to.push_back(t.mutable_raw());
  std::shared_ptr<std::byte> scratch = allocate_bytes(primitive.scratch_bytes());
  std::shared_ptr<void> instance = primitive.make_instance();
  primitive.run(instance.get(), from.data(), to.data(), scratch.get());
  return out;
}

// f(index in X, index in W, index in Y) for every product of the convolution.
template <typename F>
void for_each_product(const ConvSpec& s, const F& f) {
  const int64_t channels = s.w[1], filters = s.w[0];
  for (int64_t n = 0; n < s.y[0]; ++n) {
    for (int64_t at = 0; at < s.y[2] * s.y[3] * 9; ++at) {
      const int64_t tap = at % 9, i = at / 9 / s.y[3], j = at / 9 % s.y[3];
      const int64_t p = i + tap / 3 - s.pads_begin[0], q = j + tap % 3 - s.pads_begin[1];
      if (p < 0 || q < 0 || p >= s.x[2] || q >= s.x[3]) continue;
      for (int64_t k = 0; k < filters; ++k) {
        for (int64_t c = 0; c < channels; ++c) {
          f(static_cast<size_t>(((n * s.x[2] + p) * s.x[3] + q) * channels + c),
            static_cast<size_t>((k * channels + c) * 9 + tap),
            static_cast<size_t>(((n * s.y[2] + i) * s.y[3] + j) * filters + k));
        }
      }
    }
  }
}

// The largest difference over the largest number expected.
double difference(const Tensor& found, const std::vector<double>& expected) {
  double most = 0, scale = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(found.data<float>()[i]) - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return most / scale;
}

const Case kCases[] = {
    {3, 16, 32, 9, 14, 1, 1, 1, 1}, {2, 48, 16, 6, 7, 1, 1, 1, 1},   {5, 16, 16, 4, 11, 0, 0, 0, 0},
    {1, 32, 64, 13, 5, 2, 0, 1, 2}, {40, 64, 64, 8, 8, 1, 1, 1, 1},  {2, 80, 96, 10, 3, 1, 2, 0, 1},
    {7, 16, 48, 1, 1, 1, 1, 1, 1},  {9, 32, 32, 16, 16, 1, 1, 1, 1},
};

TEST(Winograd, IsTheConvolutionAndItsGradients) {
  uint64_t seed = 1;
  for (const Case& c : kCases) {
    const ConvSpec spec = spec_of(c, 2);
    Tensor x = random_floats(moved(spec.x), seed++), w = random_floats(spec.w, seed++);
    Tensor bias = random_floats({c.filters}, seed++), dy = random_floats(moved(spec.y), seed++);
    std::vector<double> y(static_cast<size_t>(dy.count())), dx(static_cast<size_t>(x.count()));
    std::vector<double> dw(static_cast<size_t>(w.count())), db(static_cast<size_t>(c.filters));
    for (size_t i = 0; i < y.size(); ++i) {
      y[i] = static_cast<double>(bias.data<float>()[i % db.size()]);
      db[i % db.size()] += static_cast<double>(dy.data<float>()[i]);
    }
    for_each_product(spec, [&](size_t xi, size_t wi, size_t yi) {
      const double xv = x.data<float>()[xi], wv = w.data<float>()[wi], gv = dy.data<float>()[yi];
      y[yi] += xv * wv;
      dx[xi] += gv * wv;
      dw[wi] += xv * gv;
    });
    SCOPED_TRACE(testing::Message() << "channels " << c.channels << " to " << c.filters << ", " << c.height << " x "
                                    << c.width);
    EXPECT_LT(difference(run(*make_winograd(spec), {x, w, bias}, {moved(spec.y)})[0], y), 4e-6);
    EXPECT_LT(difference(run(*make_winograd_backward_data(spec), {dy, w}, {moved(spec.x)})[0], dx), 4e-6);
    auto gradients = run(*make_winograd_backward_weights(spec), {x, dy}, {spec.w, {c.filters}});
    EXPECT_LT(difference(gradients[0], dw), 4e-6);
    EXPECT_LT(difference(gradients[1], db), 1e-6);
  }
}

TEST(Winograd, ThreadsChangeNoBit) {
  for (const Case& c : kCases) {
    const ConvSpec one = spec_of(c, 1), three = spec_of(c, 3);
    Tensor x = random_floats(moved(one.x), 1), w = random_floats(one.w, 2), bias = random_floats({c.filters}, 3);
    Tensor dy = random_floats(moved(one.y), 4);
    auto same = [](const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
      return std::equal(a[0].data<float>().begin(), a[0].data<float>().end(), b[0].data<float>().begin());
    };
    EXPECT_TRUE(same(run(*make_winograd(one), {x, w, bias}, {moved(one.y)}),
                     run(*make_winograd(three), {x, w, bias}, {moved(one.y)})));
    EXPECT_TRUE(same(run(*make_winograd_backward_data(one), {dy, w}, {moved(one.x)}),
                     run(*make_winograd_backward_data(three), {dy, w}, {moved(one.x)})));
    EXPECT_TRUE(same(run(*make_winograd_backward_weights(one), {x, dy}, {one.w, {c.filters}}),
                     run(*make_winograd_backward_weights(three), {x, dy}, {one.w, {c.filters}})));
  }
}

TEST(Winograd, TakesWhatItsTilesFit) {
  const Case fits = {40, 32, 64, 8, 8, 1, 1, 1, 1};
  EXPECT_TRUE(winograd_takes(spec_of(fits, 1)));
  auto refused = [&](auto change) {
    ConvSpec spec = spec_of(fits, 1);
    change(spec);
    return !winograd_takes(spec);
  };
  EXPECT_TRUE(refused([](ConvSpec& s) { s.channels_last = false; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.strides = {2, 1}; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.dilations = {1, 2}; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.groups = 2; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.bf16 = true; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.post.activation = FusedActivation::relu; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.w[2] = 5; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.x[1] = s.w[1] = 24; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.y[1] = s.w[0] = 20; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.x[0] = s.y[0] = 1; }));
  EXPECT_TRUE(refused([](ConvSpec& s) { s.x[1] = s.w[1] = s.y[1] = s.w[0] = 512; }));
}

}  // namespace
}  // namespace slipway::kernels
