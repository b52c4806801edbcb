// LSTM, GRU and RNN against PyTorch 1.13 (torch.nn.LSTM, GRU, RNN; bidirectional), on the same weights and inputs.
#include <cmath>

#include <gtest/gtest.h>

#include "support/run_card.h"
#include "tensor/tensor.h"

namespace slipway::ops {
namespace {

// The i-th element is ((i * a) % m - m / 2) / m.
Tensor pattern(Shape shape, int64_t a, int64_t m) {
  Tensor t(DType::f32, std::move(shape));
  int64_t i = 0;
  for (float& x : t.mutable_data<float>()) {
    x = static_cast<float>(i++ * a % m - m / 2) / static_cast<float>(m);
  }
  return t;
}

constexpr int64_t kSteps = 3, kBatch = 2, kInput = 2, kHidden = 2;

std::vector<Tensor> inputs(int64_t gates) {
  return {pattern({kSteps, kBatch, kInput}, 7, 11), pattern({2, gates * kHidden, kInput}, 5, 13),
          pattern({2, gates * kHidden, kHidden}, 3, 17), pattern({2, 2 * gates * kHidden}, 11, 19)};
}

void expect_near(const Tensor& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.count(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found.data<float>()[i], expected[i], 2e-6) << i;
}

const Attributes kBoth = {{"direction", std::string("bidirectional")}, {"hidden_size", kHidden}};

// dX where every element of Y has gradient 1.
Tensor input_gradient(const std::string& cell, const std::vector<Tensor>& x, Attributes attributes) {
  attributes.erase("hidden_size");
  attributes.set("cell", cell);
  Tensor none, ones(DType::f32, {kSteps, 2, kBatch, kHidden});
  for (float& v : ones.mutable_data<float>()) v = 1;
  Result<std::vector<Tensor>> dx =
      run_card("RecurrentGrad", {x[0], x[1], x[2], x[3], none, none, none, ones}, attributes, 6, "slipway");
  EXPECT_TRUE(dx.ok()) << dx.status().to_string();
  return dx.ok() ? (*dx)[0] : Tensor();
}

TEST(Recurrent, LstmGivesTheNumbersOfPyTorch) {
  Result<std::vector<Tensor>> y = run_card("LSTM", inputs(4), kBoth, 3);
  ASSERT_TRUE(y.ok()) << y.status().to_string();
  expect_near((*y)[0], {-0.113522f, -0.027823f, -0.126546f, -0.013361f, 0.009593f, 0.128863f, 0.028575f, 0.163881f,
                        -0.094028f, -0.093388f, -0.113023f, -0.070335f, 0.046477f, 0.085568f, 0.084874f, 0.095539f,
                        -0.169712f, -0.083827f, -0.08131f,  -0.129695f, -0.00754f, 0.093168f, 0.060608f, 0.022377f});
  expect_near((*y)[1], {-0.169712f, -0.083827f, -0.08131f, -0.129695f, 0.009593f, 0.128863f, 0.028575f, 0.163881f});
  expect_near((*y)[2], {-0.346431f, -0.144645f, -0.190338f, -0.248567f, 0.027533f, 0.305476f, 0.084227f, 0.369326f});
  expect_near(input_gradient("LSTM", inputs(4), kBoth),
              {0.130997f, 0.027298f, 0.135341f, 0.046944f, 0.141406f, 0.02723f, 0.152287f, 0.047075f, 0.195461f,
               -0.01006f, 0.153348f, 0.004583f});
}

TEST(Recurrent, GruThatResetsBehindTheProductGivesTheNumbersOfPyTorch) {
  Attributes attributes = kBoth;
  attributes.set("linear_before_reset", int64_t{1});
  Result<std::vector<Tensor>> y = run_card("GRU", inputs(3), attributes, 2);
  ASSERT_TRUE(y.ok()) << y.status().to_string();
  expect_near((*y)[0], {0.093729f, 0.092283f, 0.044012f,  0.117438f, -0.143102f, 0.252268f, -0.128214f, 0.317209f,
                        0.002321f, 0.297798f, -0.078248f, 0.325514f, -0.063018f, 0.156107f, 0.006955f,  0.192766f,
                        0.098165f, 0.257022f, -0.009981f, 0.400904f, -0.118705f, 0.222409f, 0.020038f,  0.0744f});
  expect_near((*y)[1], {0.098165f, 0.257022f, -0.009981f, 0.400904f, -0.143102f, 0.252268f, -0.128214f, 0.317209f});
  expect_near(input_gradient("GRU", inputs(3), attributes),
              {0.206812f, -0.205442f, 0.175509f, -0.24378f, -0.076553f, 0.051004f, -0.054189f, -0.040124f, 0.245091f,
               -0.310132f, 0.078356f, -0.005796f});
}

TEST(Recurrent, RnnGivesTheNumbersOfPyTorch) {
  Result<std::vector<Tensor>> y = run_card("RNN", inputs(1), kBoth, 2);
  ASSERT_TRUE(y.ok()) << y.status().to_string();
  expect_near((*y)[0], {-0.53253f,  0.170923f, -0.629461f, 0.170923f, -0.195203f, 0.224603f, 0.026206f,  0.20492f,
                        -0.544213f, 0.502776f, -0.611529f, 0.511248f, -0.237528f, -0.07992f, -0.246334f, 0.112355f,
                        -0.488734f, 0.260101f, -0.519123f, 0.524355f, -0.059921f, 0.118324f, -0.358077f, -0.090659f});
  expect_near(input_gradient("RNN", inputs(1), kBoth),
              {-0.043604f, 0.345f, -0.004221f, 0.368963f, -0.100431f, 0.412808f, -0.096258f, 0.419079f, -0.169668f,
               0.218114f, -0.227033f, 0.244032f});
}

TEST(Recurrent, EndedSequencesKeepTheirStateAndGiveZeros) {
  std::vector<Tensor> x = inputs(1);
  x.push_back(Tensor::of<int32_t>({2}, {3, 1}));
  Result<std::vector<Tensor>> whole = run_card("RNN", inputs(1), kBoth, 2), cut = run_card("RNN", x, kBoth, 2);
  ASSERT_TRUE(whole.ok() && cut.ok());
  auto y = [](const Result<std::vector<Tensor>>& r, size_t step, size_t direction, size_t batch) {
    return (*r)[0].data<float>()[((step * 2 + direction) * 2 + batch) * 2];
  };
  EXPECT_EQ(y(cut, 2, 0, 0), y(whole, 2, 0, 0));
  EXPECT_EQ(y(cut, 0, 0, 1), y(whole, 0, 0, 1));
  EXPECT_EQ(y(cut, 1, 0, 1), 0);
  EXPECT_EQ(y(cut, 2, 1, 1), 0);
  EXPECT_EQ((*cut)[1].data<float>()[2], y(cut, 0, 0, 1));  // the last state of the second sequence, forwards
  EXPECT_EQ((*cut)[1].data<float>()[6], y(cut, 0, 1, 1));  // and backwards, which begins at its own end
}

TEST(Recurrent, ActivationsTakeTheirOwnAlphaAndBeta) {
  // One step from state 0 with W = 1 and x = 2: Y is the activation of 2.
  Tensor one = Tensor::of<float>({1, 1, 1}, {1}), two = Tensor::of<float>({1, 1, 1}, {2});
  auto y = [&](const char* activation, std::vector<float> alpha, std::vector<float> beta) {
    return card_text("RNN", {two, one, one},
                     {{"activations", std::vector<std::string>{activation}},
                      {"activation_alpha", alpha},
                      {"activation_beta", beta}});
  };
  EXPECT_EQ(y("Affine", {3}, {0.5f}), "float32[1, 1, 1, 1] [[[[6.5]]]]");
  EXPECT_EQ(y("HardSigmoid", {0.25f}, {0.125f}), "float32[1, 1, 1, 1] [[[[0.625]]]]");
  EXPECT_EQ(y("thresholdedrelu", {2.5f}, {}), "float32[1, 1, 1, 1] [[[[0]]]]");
  EXPECT_EQ(y("Relu", {}, {}), "float32[1, 1, 1, 1] [[[[2]]]]");
  EXPECT_NE(y("Sine", {}, {}).find("activation \"Sine\" is none of ONNX's"), std::string::npos);
}

TEST(Recurrent, ShapesThatDoNotFitAreNamed) {
  std::vector<Tensor> x = inputs(4);
  x[3] = Tensor(DType::f32, {2, 8});
  std::string found = card_text("LSTM", x, kBoth);
  EXPECT_NE(found.find("B is [2, 8]; expected [2, 16]"), std::string::npos) << found;
}

TEST(Recurrent, OneOfTheTwoOutputsForTrainingAloneIsRefused) {
  const Status status = run_card("LSTM", inputs(4), kBoth, 4).status();
  EXPECT_NE(status.message().find("one of outputs 3 and 4"), std::string_view::npos) << status.message();
}

}  // namespace
}  // namespace slipway::ops
