// Normalization by channel, and models that take examples of another rank.
#include "train/normalization.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "runtime/session.h"
#include "train/imported.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;

// y = x, for examples of this shape.
Graph same(Dims dims) {
  Graph graph;
  Builder b(graph, all_operators());
  graph.outputs = {b.op("Identity", {graph.add_input("x", DType::f32, std::move(dims))})};
  graph.rename(graph.outputs[0], "y");
  return graph;
}

Tensor answer(const Graph& graph, const Tensor& x) {
  auto session = Session::create(graph);
  EXPECT_TRUE(session.ok()) << session.status().message();
  auto y = (*session)->run({{x}});
  EXPECT_TRUE(y.ok()) << y.status().message();
  return (*y)[0];
}

TEST(Normalization, EveryChannelByItsOwnNumbers) {
  Result<Graph> model = with_normalization(same({Dim::named("batch"), 2, 1, 2}), {{1, 10}, {2, 5}});
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->value(model->inputs[0]).name, "x");
  const Tensor y = answer(*model, Tensor::of<float>({1, 2, 1, 2}, {1, 5, 10, 20}));
  EXPECT_THAT(y.data<float>(), ::testing::ElementsAre(0, 2, 0, 2));
  Result<Graph> gray = with_normalization(same({Dim::named("batch"), 1, 2}), {{1}, {0.5}});
  ASSERT_TRUE(gray.ok()) << gray.status().message();
  EXPECT_THAT(answer(*gray, Tensor::of<float>({1, 1, 2}, {1, 2})).data<float>(), ::testing::ElementsAre(0, 2));
  EXPECT_THAT(with_normalization(same({Dim::named("batch"), 1, 4, 4}), imagenet_normalization()).status().message(),
              HasSubstr("has numbers for 3 channels; the model's input is [batch, 1, 4, 4]"));
}

TEST(Normalization, StatisticsAreThoseOfTheScaledData) {
  Dataset data;
  data.name = "two";
  data.inputs = Tensor::of<float>({2, 2, 1, 2}, {0, 2, 5, 5, 4, 6, 5, 5});
  data.labels = Tensor(DType::i64, {2});
  data.classes = {"a"};
  data.scaling = {{2}, {1}};
  Result<ChannelNormalization> found = channel_statistics(data);
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_DOUBLE_EQ(found->mean[0], 7);               // 1, 5, 9, 13
  EXPECT_DOUBLE_EQ(found->std[0], std::sqrt(20.0));  // squares of -6, -2, 2, 6: 80 / 4
  EXPECT_DOUBLE_EQ(found->mean[1], 11);
  EXPECT_DOUBLE_EQ(found->std[1], 1) << "a channel that never changes";
}

TEST(Imported, TakesExamplesOfTheDatasRank) {
  const Graph flat = same({Dim::named("batch"), 2, 3});
  Result<Graph> image = with_example_shape(flat, {1, 2, 3});
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(to_string(*image->value(image->inputs[0]).dims), "[batch, 1, 2, 3]");
  const Tensor y = answer(*image, Tensor::of<float>({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(y.shape(), (Shape{1, 2, 3}));
  EXPECT_THAT(y.data<float>(), ::testing::ElementsAre(1, 2, 3, 4, 5, 6));
  for (const Shape& other : {Shape{2, 3}, Shape{3, 2}, Shape{3, 2, 3}, Shape{6}}) {
    Result<Graph> unchanged = with_example_shape(flat, other);
    ASSERT_TRUE(unchanged.ok());
    EXPECT_EQ(to_string(*unchanged->value(unchanged->inputs[0]).dims), "[batch, 2, 3]");
  }
}

}  // namespace
}  // namespace slipway::train
