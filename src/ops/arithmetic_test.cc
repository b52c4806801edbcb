// Cards of arithmetic, logic, reductions and losses: literal tables of what ONNX says.
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "ops/all.h"
#include "ops/evaluate.h"
#include "support/run_card.h"

namespace slipway::ops {
namespace {

template <typename T>
Tensor row(const std::vector<T>& values) {
  return Tensor::of<T>({static_cast<int64_t>(values.size())}, values);
}
Tensor floats(const std::vector<float>& values) { return row<float>(values); }

// The outputs, or the error's message, as text; omitted inputs are undefined tensors.
std::string text(std::string_view op_type, const std::vector<Tensor>& inputs, Attributes attributes = {},
                 int outputs = 1, std::string_view domain = "") {
  Node node;
  node.op_type = op_type;
  node.domain = domain;
  node.op = all_operators().find(op_type, domain);
  node.attributes = std::move(attributes);
  int32_t next = 0;
  for (const Tensor& input : inputs) node.inputs.push_back(input.defined() ? ValueId{next++} : ValueId{});
  for (int i = 0; i < outputs; ++i) node.outputs.push_back({next++});
  Result<std::vector<Tensor>> result = evaluate(node, inputs);
  if (!result.ok()) return result.status().message();
  std::string all;
  for (const Tensor& tensor : *result) all += (all.empty() ? "" : "; ") + to_string(tensor);
  return all;
}

TEST(Arithmetic, IntegersWrapAndNeverTrap) {
  EXPECT_EQ(text("Add", {row<uint8_t>({250, 1}), row<uint8_t>({10, 1})}), "uint8[2] [4, 2]");
  EXPECT_EQ(text("Mul", {row<int32_t>({1 << 30}), row<int32_t>({4})}), "int32[1] [0]");
  EXPECT_EQ(text("Div", {row<int32_t>({7, -7, 1, INT32_MIN}), row<int32_t>({2, 2, 0, -1})}),
            "int32[4] [3, -3, 0, -2147483648]");
  EXPECT_EQ(text("Mod", {row<int64_t>({7, -7, 7, -7, 5}), row<int64_t>({3, 3, -3, -3, 0})}),
            "int64[5] [1, 2, -2, -1, 0]");
  EXPECT_EQ(text("Mod", {row<int64_t>({7, -7, 7, -7, 5}), row<int64_t>({3, 3, -3, -3, 0})}, {{"fmod", int64_t{1}}}),
            "int64[5] [1, -1, 1, -1, 0]");
  EXPECT_EQ(text("Neg", {row<int8_t>({-128, 5})}), "int8[2] [-128, -5]");
  EXPECT_EQ(text("Abs", {row<int8_t>({-128, -5})}), "int8[2] [-128, 5]");
  EXPECT_EQ(text("Pow", {row<int32_t>({2, -3, 0, 2}), row<int32_t>({10, 3, 0, -1})}), "int32[4] [1024, -27, 1, 0]");
  EXPECT_EQ(text("Pow", {row<int32_t>({2, 3}), row<int64_t>({3, 2})}), "int32[2] [8, 9]");
  EXPECT_EQ(text("BitShift", {row<uint8_t>({255, 1}), row<uint8_t>({1, 9})}, {{"direction", std::string("LEFT")}}),
            "uint8[2] [254, 0]");
}

TEST(Arithmetic, Broadcasts) {
  Tensor column = Tensor::of<float>({2, 1}, {10, 20});
  EXPECT_EQ(text("Add", {column, floats({1, 2, 3})}), "float32[2, 3] [[11, 12, 13], [21, 22, 23]]");
  EXPECT_EQ(text("Sub", {Tensor::scalar(1.0), row<double>({1, 2})}), "float64[2] [0, -1]");
  EXPECT_EQ(text("Add", {Tensor(DType::f32, {0, 3}), floats({1, 2, 3})}), "float32[0, 3] []");
  EXPECT_EQ(text("Add", {floats({1, 2}), floats({1, 2, 3})}),
            "Add node (unnamed): shapes [2] and [3] do not broadcast: 2 against 3 in dimension -1");
  EXPECT_EQ(text("Add", {floats({1}), row<double>({1})}),
            "Add node (unnamed): input 1 is float64; expected float32 like input 0 (insert a Cast)");
  EXPECT_EQ(text("Sum", {column, floats({1, 2}), Tensor::scalar(0.5f)}), "float32[2, 2] [[11.5, 12.5], [21.5, 22.5]]");
  EXPECT_EQ(text("Mean", {floats({1, 2}), floats({3, 6})}), "float32[2] [2, 4]");
  EXPECT_EQ(text("Max", {row<int8_t>({1, -5}), row<int8_t>({0, 2}), row<int8_t>({-1, 9})}), "int8[2] [1, 9]");
}

TEST(Arithmetic, SixteenBitFloatsAreComputedInFloat) {
  Tensor x = floats({1, -2, 0.5f}).cast(DType::f16);
  EXPECT_EQ(text("Mul", {x, x}), to_string(floats({1, 4, 0.25f}).cast(DType::f16)));
  EXPECT_EQ(text("Relu", {floats({-1, 3}).cast(DType::bf16)}), to_string(floats({0, 3}).cast(DType::bf16)));
}

TEST(Logic, ComparesAndChooses) {
  EXPECT_EQ(text("Less", {floats({1, 2, NAN}), floats({2, 2, 2})}), to_string(row<bool>({true, false, false})));
  EXPECT_EQ(text("Equal", {row<bool>({true, false}), row<bool>({true, true})}), to_string(row<bool>({true, false})));
  EXPECT_EQ(text("Xor", {row<bool>({true, false}), row<bool>({true, true})}), to_string(row<bool>({false, true})));
  EXPECT_EQ(text("Where", {row<bool>({true, false}), row<int16_t>({1, 2}), row<int16_t>({-1})}), "int16[2] [1, -1]");
  EXPECT_EQ(text("IsInf", {floats({INFINITY, -INFINITY, 1})}, {{"detect_negative", int64_t{0}}}),
            to_string(row<bool>({true, false, false})));
}

TEST(Clip, LimitsAreOptional) {
  Tensor x = floats({-2, 0, 2}), none;
  EXPECT_EQ(text("Clip", {x, Tensor::scalar(-1.f), Tensor::scalar(1.f)}), "float32[3] [-1, 0, 1]");
  EXPECT_EQ(text("Clip", {x, none, Tensor::scalar(1.f)}), "float32[3] [-2, 0, 1]");
  EXPECT_EQ(text("Clip", {x, Tensor::scalar(2.f), Tensor::scalar(1.f)}), "float32[3] [1, 1, 1]");
  EXPECT_EQ(text("Clip", {x, floats({1, 2})}), "Clip node (unnamed): limit 1 has shape [2]; expected a scalar");
}

TEST(Reductions, AxesAndKeptDimensions) {
  Tensor x = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6}), none;
  EXPECT_EQ(text("ReduceSum", {x}), "float32[1, 1] [[21]]");
  EXPECT_EQ(text("ReduceSum", {x, row<int64_t>({-1})}, {{"keepdims", int64_t{0}}}), "float32[2] [6, 15]");
  EXPECT_EQ(text("ReduceMean", {x, row<int64_t>({0})}), "float32[1, 3] [[2.5, 3.5, 4.5]]");
  EXPECT_EQ(text("ReduceSum", {x, row<int64_t>({})}, {{"noop_with_empty_axes", int64_t{1}}}), to_string(x));
  EXPECT_EQ(text("ReduceMax", {x, row<int64_t>({0, 1})}, {{"keepdims", int64_t{0}}}), "float32[] 6");
  EXPECT_EQ(text("ReduceProd", {x.cast(DType::i32), row<int64_t>({1})}, {{"keepdims", int64_t{0}}}),
            "int32[2] [6, 120]");
  EXPECT_EQ(text("ReduceL2", {floats({3, 4})}), "float32[1] [5]");
  EXPECT_EQ(text("ReduceLogSumExp", {floats({1000, 1000})}), to_string(floats({1000 + std::log(2.f)})));
  EXPECT_EQ(text("ReduceLogSumExp", {floats({-INFINITY, -INFINITY})}), to_string(floats({-INFINITY})));
  EXPECT_EQ(text("ReduceMax", {Tensor(DType::f32, {0})}), to_string(floats({-INFINITY})));
  EXPECT_EQ(text("ReduceSum", {x, row<int64_t>({2})}),
            "ReduceSum node (unnamed): axis 2 is outside [-2, 2) for a tensor of rank 2");
  EXPECT_EQ(text("ReduceSum", {x, row<int64_t>({1, -1})}),
            "ReduceSum node (unnamed): axis -1 is listed twice in the axes to reduce");
}

TEST(Reductions, ArgMaxAndItsTies) {
  Tensor x = Tensor::of<float>({2, 3}, {1, 7, 7, 4, 0, 4});
  Attributes last_axis = {{"axis", int64_t{-1}}, {"keepdims", int64_t{0}}};
  EXPECT_EQ(text("ArgMax", {x}, last_axis), "int64[2] [1, 0]");
  last_axis.set("select_last_index", int64_t{1});
  EXPECT_EQ(text("ArgMax", {x}, last_axis), "int64[2] [2, 2]");
  EXPECT_EQ(text("ArgMin", {x}), "int64[1, 3] [[0, 1, 1]]");
  EXPECT_EQ(text("ArgMax", {floats({1, NAN, 5})}), "int64[1] [1]");
}

// Short distributions are computed many at a time.
TEST(Softmax, ManyShortDistributions) {
  Random random(17);
  for (int64_t n : {2, 3, 7, 8}) {
    Tensor x(DType::f32, {150, n});
    for (float& v : x.mutable_data<float>()) v = static_cast<float>(random.uniform() * 16 - 8);
    for (const char* op : {"Softmax", "LogSoftmax"}) {
      Result<std::vector<Tensor>> y = run_card(op, {x});
      ASSERT_TRUE(y.ok()) << y.status().message();
      for (int64_t row = 0; row < 150; ++row) {
        double sum = 0;
        auto at = [&](int64_t i) { return static_cast<double>(x.data<float>()[static_cast<size_t>(row * n + i)]); };
        for (int64_t i = 0; i < n; ++i) sum += std::exp(at(i));
        for (int64_t i = 0; i < n; ++i) {
          const double exact = op[0] == 'S' ? std::exp(at(i)) / sum : at(i) - std::log(sum);
          ASSERT_NEAR((*y)[0].data<float>()[static_cast<size_t>(row * n + i)], exact, 4e-6 * (1 + std::abs(exact)));
        }
      }
    }
  }
}

TEST(CumSum, DirectionsAndExclusion) {
  Tensor x = floats({1, 2, 3}), axis = Tensor::scalar(int32_t{0});
  EXPECT_EQ(text("CumSum", {x, axis}), "float32[3] [1, 3, 6]");
  EXPECT_EQ(text("CumSum", {x, axis}, {{"exclusive", int64_t{1}}}), "float32[3] [0, 1, 3]");
  EXPECT_EQ(text("CumSum", {x, axis}, {{"reverse", int64_t{1}}}), "float32[3] [6, 5, 3]");
}

TEST(Losses, WeightsAndIgnoredLabels) {
  Tensor log_p = Tensor::of<float>({3, 2}, {-1, -2, -3, -4, -5, -6}), none;
  Tensor labels = row<int64_t>({0, 1, 1}), weights = floats({1, 3});
  EXPECT_EQ(text("NegativeLogLikelihoodLoss", {log_p, labels}, {{"reduction", std::string("none")}}),
            "float32[3] [1, 4, 6]");
  EXPECT_EQ(text("NegativeLogLikelihoodLoss", {log_p, labels, weights}, {{"reduction", std::string("sum")}}),
            "float32[] 31");
  EXPECT_EQ(text("NegativeLogLikelihoodLoss", {log_p, labels, weights}, {{"ignore_index", int64_t{1}}}), "float32[] 1");
  EXPECT_EQ(text("NegativeLogLikelihoodLoss", {log_p, row<int64_t>({0, 2, 0})}, {{"reduction", std::string("sum")}}),
            "NegativeLogLikelihoodLoss node (unnamed): label 2 (element 1) is outside [0, 2)");
  EXPECT_EQ(text("SoftmaxCrossEntropyLoss", {floats({0, 0}).reshaped({1, 2}), row<int32_t>({1})}, {}, 2),
            to_string(Tensor::scalar(std::log(2.f))) + "; " +
                to_string(Tensor::of<float>({1, 2}, {-std::log(2.f), -std::log(2.f)})));
  EXPECT_EQ(text("NegativeLogLikelihoodLoss", {log_p, labels}, {{"reduction", std::string("max")}}),
            "NegativeLogLikelihoodLoss node (unnamed): reduction is \"max\"; expected \"none\", \"sum\" or \"mean\"");
}

TEST(Losses, FusedCrossEntropyCountsAndAverages) {
  Tensor logits = Tensor::of<float>({2, 2}, {0, 0, 100, 0}), labels = row<int64_t>({0, 1});
  EXPECT_EQ(text("SparseSoftmaxCrossEntropy", {logits, labels}, {}, 3, "slipway"),
            to_string(Tensor::scalar((std::log(2.f) + 100) / 2)) + "; float32[2, 2] [[-0.25, 0.25], [0.5, -0.5]]; " +
                "float32[] 1");
  EXPECT_EQ(text("SparseSoftmaxCrossEntropy", {logits, row<int64_t>({0})}, {}, 3, "slipway"),
            "slipway.SparseSoftmaxCrossEntropy node (unnamed): 2 rows of logits and 1 labels; expected as many");
}

TEST(Losses, FusedCrossEntropyWithoutItsCountWritesNothingBehindItsOutputs) {
  Node node;
  node.op_type = "SparseSoftmaxCrossEntropy";
  node.domain = "slipway";
  node.op = all_operators().find(node.op_type, node.domain);
  node.inputs = {{0}, {1}};
  node.outputs = {{2}, {3}};
  Tensor x = Tensor::of<float>({1, 2}, {0, 0}), labels = row<int64_t>({0}), loss(DType::f32, {}),
         dx(DType::f32, {1, 2});
  const std::vector<TensorType> in = {x.type(), labels.type()}, out = {loss.type(), dx.type()};
  const std::vector<const Tensor*> constants(2, nullptr);
  Result<Kernel> kernel = node.op->cpu(PrepareContext(node, in, out, constants, 1, nullptr));
  ASSERT_TRUE(kernel.ok());
  float of_the_next_node = 7;
  const void* reads[] = {x.raw(), labels.raw()};
  void* writes[] = {loss.mutable_raw(), dx.mutable_raw(), &of_the_next_node};
  std::shared_ptr<std::byte> scratch = allocate_bytes(kernel->scratch_bytes);
  Fault fault;
  kernel->run({reads, writes, scratch.get(), nullptr, &fault});
  EXPECT_FALSE(fault.raised());
  EXPECT_EQ(of_the_next_node, 7);
  EXPECT_EQ(dx.data<float>()[0], -0.5f);
}

TEST(Dft, OfALengthBeyondMemoryIsRefusedBeforeItsTablesAreFilled) {
  const Tensor x(DType::f32, {1, 4, 1}), length = Tensor::scalar(int64_t{1} << 40);
  EXPECT_NE(text("DFT", {x, length}).find("needs more memory than there is"), std::string::npos);
}

TEST(Optimizers, GroupsMustMatch) {
  Tensor rate = Tensor::scalar(0.5f), x = floats({1, 2}), g = floats({1, -1});
  EXPECT_EQ(text("SGD", {rate, x, g}, {}, 1, "slipway"), "float32[2] [0.5, 2.5]");
  EXPECT_EQ(text("SGD", {rate, x, floats({1})}, {}, 1, "slipway"),
            "slipway.SGD node (unnamed): input 2 is float32[1]; expected float32[2] like its parameter, input 1");
  EXPECT_EQ(text("SGD", {rate, x, g, x}, {}, 1, "slipway"),
            "slipway.SGD node (unnamed): 4 inputs; expected 1 and then 2 for each parameter");
}

}  // namespace
}  // namespace slipway::ops
