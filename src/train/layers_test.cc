// Layers: shapes, names, and messages for what does not fit.
#include "train/layers.h"

#include <gtest/gtest.h>

namespace slipway::train {
namespace {

TEST(Layers, NamesAndShapesFollowKeras) {
  std::vector<Layer> layers = {Conv2D(6, 5, relu, 1, "same"), MaxPooling2D(2), Flatten(), Dense(16, relu),
                               Dense(10, softmax)};
  Result<Graph> graph = build_sequential(layers, {28, 28}, 1);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(to_string(*graph->value(graph->inputs[0]).dims), "[batch, 28, 28]");
  EXPECT_EQ(to_string(graph->value(graph->find("conv2d/kernel")).data.type()), "float32[6, 1, 5, 5]");
  EXPECT_EQ(to_string(graph->value(graph->find("dense/kernel")).data.type()), "float32[1176, 16]");
  EXPECT_EQ(to_string(*graph->value(graph->outputs[0]).dims), "[batch, 10]");
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "output");
}

TEST(Layers, WeightsDependOnTheSeedOnly) {
  std::vector<Layer> layers = {Dense(4)};
  Graph a = *build_sequential(layers, {3}, 1), b = *build_sequential(layers, {3}, 1),
        c = *build_sequential(layers, {3}, 2);
  auto kernel = [](const Graph& g) { return g.value(g.find("dense/kernel")).data; };
  EXPECT_TRUE(identical(kernel(a), kernel(b)));
  EXPECT_FALSE(identical(kernel(a), kernel(c)));
}

struct Mistake {
  std::vector<Layer> layers;
  const char* message;
};

TEST(Layers, SayWhichLayerIsWrong) {
  const Mistake mistakes[] = {
      {{}, "the model has no layers"},
      {{{"Dense", {}}}, "layer 1 (Dense): \"units\": expected a whole number from 1 to 16777216, found none; add it"},
      {{{"Desne", {}}}, "layer type \"Desne\" is not known"},
      {{Dense(3, "rleu")}, "layer 1 (Dense): activation \"rleu\" is not known"},
      {{{"Dense", {{"unit", int64_t{3}}}}}, "unknown parameter \"unit\"; Dense takes units"},
      {{Flatten(), Conv2D(3, 3)}, "layer 2 (Conv2D): needs images"},
      {{Dropout(1.5)}, "\"rate\": expected a number in [0, 1), found 1.5"},
  };
  for (const Mistake& mistake : mistakes) {
    Status status = build_sequential(mistake.layers, {8, 8}, 1).status();
    EXPECT_EQ(status.code(), Code::invalid_argument);
    EXPECT_NE(status.message().find(mistake.message), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace slipway::train
