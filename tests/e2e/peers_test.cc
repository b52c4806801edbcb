// The peers themselves: that they run, and that arrays reach them and come back unchanged.
#include "support/peers.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/places.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kOnnxTests = "/usr/include/onnx/backend/test/data";

// golden/dense.tflite: Dense(6 -> 5, relu), Dense(5 -> 3, softmax) for one row, written from a JSON text by flatc.
TEST(Peers, TfliteRunsRowByRow) {
  Tensor x(DType::f32, {2, 6});
  std::filesystem::path model = source_folder() / "tests/golden/dense.tflite";
  Result<std::vector<Tensor>> y = run_in_tflite(model, {x});
  if (y.status().code() == Code::unavailable) GTEST_SKIP() << y.status().message();
  ASSERT_TRUE(y.ok()) << y.status().message();
  ASSERT_EQ(y->size(), 1u);
  ASSERT_EQ(y->front().shape(), (Shape{2, 3}));
  auto p = y->front().data<float>();
  EXPECT_NEAR(p[0] + p[1] + p[2], 1, 1e-6);
  EXPECT_EQ(p[0], p[3]);

  Result<std::vector<Tensor>> refused = run_in_tflite(model, {Tensor(DType::f32, {2, 5})});
  EXPECT_THAT(refused.status().message(), HasSubstr("expected shape [1,6], found [2,5]"));
}

TEST(Peers, OnnxRuntimeRunsAnOperator) {
  std::filesystem::path model = kOnnxTests / "node/test_relu/model.onnx";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "libonnx-testdata is not installed";
  Tensor x(DType::f32, {3, 4, 5});
  x.mutable_data<float>()[7] = 2.5f;
  x.mutable_data<float>()[8] = -2.5f;
  Result<std::vector<Tensor>> y = run_in_onnx_runtime(model, {{"x", x}});
  if (y.status().code() == Code::unavailable) GTEST_SKIP() << y.status().message();
  ASSERT_TRUE(y.ok()) << y.status().message();
  ASSERT_EQ(y->size(), 1u);
  ASSERT_EQ(y->front().shape(), x.shape());
  EXPECT_EQ(y->front().data<float>()[7], 2.5f);
  EXPECT_EQ(y->front().data<float>()[8], 0);

  Result<std::vector<Tensor>> refused = run_in_onnx_runtime(model, {{"wrong", x}});
  EXPECT_THAT(refused.status().message(), HasSubstr("'x'"));
}

}  // namespace
}  // namespace slipway
