// Tests of networks laid out channels last: which Transposes are left, and that the numbers stay.
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "rewrite/autodiff.h"
#include "rewrite/rewrite.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

using Ints = std::vector<int64_t>;

struct Net {
  Graph graph;
  Builder b{graph, all_operators()};
  ValueId x = graph.add_input("x", DType::f32, Dims{2, 6, 9, 8});

  ValueId conv(ValueId from, int64_t in, int64_t out, int64_t group = 1) {
    ValueId w = b.constant(random_floats({out, in / group, 3, 3}, static_cast<uint64_t>(in * 100 + out)));
    return b.op("Conv", {from, w}, {{"pads", Ints{1, 1, 1, 1}}, {"group", group}});
  }
};

void expect_laid_out(Net& n, Values outputs, std::string_view expected) {
  ASSERT_TRUE(n.b.status().ok()) << n.b.status().message();
  n.graph.outputs = std::move(outputs);
  Tensor x = random_floats({2, 6, 9, 8}, 1);
  std::vector<Tensor> before = run_nodes(n.graph, {x});
  Status status = rewrite::optimize(n.graph);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(op_types(n.graph), expected) << to_text(n.graph);
  std::vector<Tensor> after = run_nodes(n.graph, {x});
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    Result<Difference> d = compare(after[i], before[i], 1e-4, 1e-4);
    ASSERT_TRUE(d.ok()) << d.status().message();
    EXPECT_EQ(d->outside, 0) << "output " << i << ": " << d->max_absolute;
  }
}

TEST(ChannelsLast, ANetworkStaysInOneLayout) {
  Net n;
  ValueId v = n.b.op("Relu", {n.conv(n.x, 6, 8)});
  ValueId pooled = n.b.op("MaxPool", {v}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  ValueId depthwise = n.conv(pooled, 8, 8, 8);
  ValueId mean = n.b.op("AveragePool", {pooled}, {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}});
  ValueId both = n.b.op("Concat", {n.b.add(depthwise, mean), pooled}, {{"axis", int64_t{1}}});
  ValueId scales = n.b.constant(Tensor::of<float>({4}, {1, 1, 2, 2}));
  ValueId large = n.b.op("Resize", {both, {}, scales}, {{"mode", "linear"}});
  ValueId some = n.b.op("Gather", {large, n.b.ints({3, 0, 9})}, {{"axis", int64_t{1}}});
  ValueId flat = n.b.op("Flatten", {n.b.op("GlobalAveragePool", {some})});
  expect_laid_out(n, {flat},
                  "Transpose ConvChannelsLast MaxPoolChannelsLast ConvChannelsLast AveragePoolChannelsLast Add Concat "
                  "Resize Gather ReduceMean Flatten");
}

TEST(ChannelsLast, ChannelConstantsMoveAlong) {
  Net n;
  ValueId scale = n.b.constant(random_floats({8, 1, 1}, 5));
  ValueId v = n.b.mul(n.b.op("Exp", {n.conv(n.x, 6, 8)}), scale);
  expect_laid_out(n, {n.conv(v, 8, 4)}, "Transpose ConvChannelsLast Exp Mul ConvChannelsLast Transpose");
}

TEST(ChannelsLast, SumsOfSeveralStayInTheLayout) {
  Net n;
  ValueId a = n.conv(n.x, 6, 8), bias = n.b.constant(random_floats({8, 1, 1}, 5));
  ValueId sum = n.b.op("Sum", {a, n.conv(a, 8, 8), bias});
  ValueId mean = n.b.op("Mean", {n.b.op("Mish", {sum}), a});
  expect_laid_out(n, {n.conv(mean, 8, 4)},
                  "Transpose ConvChannelsLast ConvChannelsLast Sum Mish Mean ConvChannelsLast Transpose");
}

TEST(ChannelsLast, AnOutputInTheMiddleIsStillPlain) {
  Net n;
  ValueId v = n.conv(n.x, 6, 8);
  expect_laid_out(n, {v, n.conv(v, 8, 4)}, "Transpose ConvChannelsLast Transpose ConvChannelsLast Transpose");
}

TEST(ChannelsLast, OneDimensionIsLaidOutToo) {
  Net n;
  ValueId flat = n.b.op("Reshape", {n.x, n.b.ints({2, 6, 72})});
  ValueId w = n.b.constant(random_floats({4, 6, 5}, 3));
  ValueId v = n.b.op("Conv", {flat, w}, {{"dilations", Ints{2}}});
  ValueId pooled = n.b.op("MaxPool", {v}, {{"kernel_shape", Ints{4}}, {"strides", Ints{3}}});
  expect_laid_out(n, {pooled}, "Reshape Transpose ConvChannelsLast MaxPoolChannelsLast Transpose");
}

TEST(ChannelsLast, ShufflesOfChannelsBecomeGathers) {
  Net v2;
  ValueId split = v2.b.op("Reshape", {v2.conv(v2.x, 6, 8), v2.b.ints({8, 2, 72})});
  ValueId swapped = v2.b.op("Transpose", {split}, {{"perm", Ints{1, 0, 2}}});
  ValueId halves = v2.b.op("Reshape", {swapped, v2.b.ints({2, -1, 4, 9, 8})});
  ValueId even = v2.b.op("Gather", {halves, v2.b.constant(Tensor::scalar(int64_t{0}))});
  ValueId odd = v2.b.op("Gather", {halves, v2.b.constant(Tensor::scalar(int64_t{-1}))});
  expect_laid_out(v2, {v2.b.sub(v2.conv(even, 4, 4), odd)},
                  "Transpose ConvChannelsLast Gather Gather ConvChannelsLast Sub Transpose");
  Net v1;
  split = v1.b.op("Reshape", {v1.conv(v1.x, 6, 8), v1.b.ints({2, 2, 4, 9, 8})});
  swapped = v1.b.op("Transpose", {split}, {{"perm", Ints{0, 2, 1, 3, 4}}});
  ValueId shuffled = v1.b.op("Reshape", {swapped, v1.b.ints({2, 8, 9, 8})});
  expect_laid_out(v1, {v1.conv(shuffled, 8, 4)}, "Transpose ConvChannelsLast Gather ConvChannelsLast Transpose");
}

TEST(ChannelsLast, IndicesOfMaximaKeepTheirLayout) {
  Net n;
  Values pooled = n.b.ops("MaxPool", {n.conv(n.x, 6, 8)}, 2, {{"kernel_shape", Ints{2, 2}}});
  expect_laid_out(n, pooled, "Transpose ConvChannelsLast Transpose MaxPool");
}

// A network that learns: its outputs are the gradients of its weights, and each weight moves.
struct Learner : Net {
  Values weights;

  ValueId weight(Shape shape) {
    ValueId w = b.constant(random_floats(std::move(shape), 100 + weights.size()));
    graph.value(w).trainable = true;
    weights.push_back(w);
    return w;
  }
  ValueId conv(ValueId from, int64_t in, int64_t out, int64_t stride = 1, int64_t group = 1) {
    return b.op("Conv", {from, weight({out, in / group, 3, 3})},
                {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{stride, stride}}, {"group", group}});
  }
  ValueId normalized(ValueId from, int64_t channels) {
    Tensor ones(DType::f32, {channels});
    for (float& v : ones.mutable_data<float>()) v = 1;
    ValueId mean = b.constant(random_floats({channels}, 7)), variance = b.constant(ones);
    Values y = b.ops("BatchNormalization", {from, weight({channels}), weight({channels}), mean, variance}, 3,
                     {{"training_mode", int64_t{1}}, {"epsilon", 1e-3f}});
    graph.updates.push_back({mean, y[1]});
    graph.updates.push_back({variance, y[2]});
    return y[0];
  }
  ValueId relu(ValueId from) { return b.op("Relu", {from}); }

  // Against random targets, so that no gradient is the same everywhere.
  void learn(ValueId y) {
    Shape shape = *known_shape(b.dims(y));
    ValueId loss = b.op("ReduceSum", {b.mul(y, b.constant(random_floats(shape, 9)))}, {{"keepdims", int64_t{0}}});
    Result<std::map<ValueId, ValueId>> found = rewrite::add_gradients(b, loss, b.scalar(1), weights);
    ASSERT_TRUE(found.ok()) << found.status().message();
    Values outputs = {loss};
    for (const Graph::Update& update : graph.updates) outputs.push_back(update.next);
    for (ValueId w : weights) {
      outputs.push_back(found->at(w));
      graph.updates.push_back({w, found->at(w)});
    }
    graph.outputs = outputs;
  }
  void expect(std::string_view expected) {
    Values outputs = graph.outputs;
    expect_laid_out(*this, std::move(outputs), expected);
  }
};

TEST(ChannelsLast, AResidualNetworkLearnsInOneLayout) {
  Learner n;
  ValueId stem = n.relu(n.normalized(n.conv(n.x, 6, 16), 16));
  ValueId main = n.normalized(n.conv(n.relu(n.normalized(n.conv(stem, 16, 16), 16)), 16, 16), 16);
  ValueId block = n.relu(n.b.add(main, stem));
  n.learn(n.b.op("GlobalAveragePool", {block}));
  n.expect(
      "Transpose ConvChannelsLast BatchNormalizationChannelsLast ConvChannelsLast BatchNormalizationChannelsLast "
      "ConvChannelsLast BatchNormalizationChannelsLast ReduceMean Mul Transpose ReduceSum ReluGrad "
      "BatchNormalizationGradChannelsLast ConvGradData ConvGradWeights BatchNormalizationGradChannelsLast ConvGradData "
      "ConvGradWeights Add BatchNormalizationGradChannelsLast ConvGradWeights");
}

TEST(ChannelsLast, StridesGroupsAndPoolingsLearnTheSame) {
  Learner n;
  ValueId wide = n.conv(n.conv(n.conv(n.x, 6, 16, 2), 16, 32), 32, 20, 2);
  wide = n.b.op("Sigmoid", {n.normalized(wide, 20)});
  ValueId pooled = n.b.op("MaxPool", {wide}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{1, 1}}});
  ValueId both = n.b.add(n.normalized(n.conv(pooled, 20, 20, 1, 5), 20), n.relu(n.normalized(pooled, 20)));
  n.learn(n.b.op("Flatten", {n.b.op("Tanh", {both})}));
  n.expect(
      "Transpose ConvChannelsLast ConvChannelsLast ConvChannelsLast BatchNormalizationChannelsLast Sigmoid Transpose "
      "MaxPoolChannelsLast BatchNormalizationChannelsLast ConvChannelsLast BatchNormalizationChannelsLast Tanh "
      "Transpose Flatten Mul ReduceSum TanhGrad BatchNormalizationGradChannelsLast ConvGradData ConvGradWeights "
      "BatchNormalizationGradChannelsLast Add Transpose MaxPoolGrad Transpose SigmoidGrad "
      "BatchNormalizationGradChannelsLast ConvGradData ConvGradWeights ConvGradData ConvGradWeights ConvGradWeights");
}

// A normalization whose result something else reads too keeps what follows it apart, and so does its gradient.
TEST(ChannelsLast, NormalizationsReadTwiceTakeNothingIn) {
  Learner n;
  ValueId y = n.normalized(n.conv(n.conv(n.x, 6, 16), 16, 16), 16);
  n.learn(n.b.add(n.relu(y), n.b.op("Sigmoid", {y})));
  n.expect(
      "Transpose ConvChannelsLast ConvChannelsLast BatchNormalizationChannelsLast Sigmoid Relu Add Mul Transpose "
      "ReduceSum ReluGrad SigmoidGrad Add BatchNormalizationGradChannelsLast ConvGradData ConvGradWeights "
      "ConvGradWeights");
}

TEST(ChannelsLast, FewChannelsLearnInThePlainLayout) {
  Learner n;
  n.learn(n.relu(n.normalized(n.conv(n.conv(n.x, 6, 12), 12, 20), 20)));
  n.expect(
      "Conv Conv BatchNormalization Relu Mul ReduceSum ReluGrad BatchNormalizationGrad ConvGradData ConvGradWeights "
      "ConvGradWeights");
}

}  // namespace
}  // namespace slipway
