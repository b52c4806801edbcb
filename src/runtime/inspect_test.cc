// Costs of hand-made graphs, counted by hand.
#include "runtime/inspect.h"

#include <gtest/gtest.h>

#include "ops/all.h"
#include "runtime/macs.h"

namespace slipway {
namespace {

ValueId add(Graph& graph, const char* op, Values inputs, const char* name, Attributes attributes = {}) {
  Node node;
  node.name = name;
  node.op_type = op;
  node.op = all_operators().find(op);
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  node.outputs = {graph.add_value(name)};
  graph.add_node(node);
  return node.outputs[0];
}

Tensor weights(Shape shape) { return Tensor(DType::f32, std::move(shape)); }

// x: [batch, 784] -> 128 -> relu -> 10
Graph classifier() {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("batch"), 784});
  ValueId h = add(graph, "Gemm",
                  {x, graph.add_constant("w1", weights({784, 128})), graph.add_constant("b1", weights({128}))}, "fc1");
  ValueId r = add(graph, "Relu", {h}, "act");
  ValueId y = add(graph, "Gemm",
                  {r, graph.add_constant("w2", weights({128, 10})), graph.add_constant("b2", weights({10}))}, "fc2");
  graph.outputs = {y};
  return graph;
}

TEST(Inspect, CountsAClassifier) {
  Inspection i = inspect(classifier(), {{"batch", 8}}).value();
  EXPECT_EQ(i.parameters, 784 * 128 + 128 + 128 * 10 + 10);
  EXPECT_EQ(i.weight_bytes, 4 * i.parameters);
  EXPECT_EQ(i.macs, 8 * (784 * 128 + 128 * 10));
  EXPECT_EQ(i.peak_activation_bytes, 4 * 8 * (784 + 128)) << "input and first hidden layer";
  EXPECT_EQ(i.peak_node, "Gemm node \"fc1\"");
  EXPECT_EQ(i.operators, (std::map<std::string, int>{{"Gemm", 2}, {"Relu", 1}}));
  EXPECT_TRUE(i.unsupported.empty());
  EXPECT_EQ(i.unknown_shapes, 0);
  ASSERT_EQ(i.nodes.size(), 3u);
  EXPECT_EQ(i.nodes[0].output, "float32[8, 128]");
  EXPECT_EQ(i.nodes[1].parameters, 0);
  EXPECT_EQ(i.nodes[2].macs, 8 * 1280);
}

TEST(Inspect, UnboundDimensionsAreOne) {
  Inspection i = inspect(classifier()).value();
  EXPECT_EQ(i.symbols, (std::map<std::string, int64_t>{{"batch", 1}}));
  EXPECT_EQ(i.macs, 784 * 128 + 128 * 10);
}

TEST(Inspect, RefusesBindingsThatMeanNothing) {
  EXPECT_EQ(inspect(classifier(), {{"bach", 8}}).status().message(),
            "no input has a dimension named \"bach\"; the model has batch");
  EXPECT_EQ(inspect(classifier(), {{"batch", -1}}).status().code(), Code::invalid_argument);
}

TEST(Inspect, FoldsShapeArithmetic) {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("n"), 6});
  ValueId shape = add(graph, "Shape", {x}, "shape");
  ValueId first = add(graph, "Gather", {shape, graph.add_constant("zero", Tensor::of<int64_t>({1}, {0}))}, "first");
  ValueId target = add(graph, "Concat", {first, graph.add_constant("rest", Tensor::of<int64_t>({2}, {2, 3}))}, "target",
                       {{"axis", int64_t{0}}});
  graph.outputs = {add(graph, "Reshape", {x, target}, "y")};
  Inspection i = inspect(graph, {{"n", 5}}).value();
  EXPECT_EQ(i.nodes.back().output, "float32[5, 2, 3]");
  EXPECT_EQ(i.parameters, 0) << "indices and shapes are no parameters";
}

TEST(Inspect, UnknownOperatorsAreListed) {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{2});
  ValueId y = add(graph, "Mystery", {x}, "m");
  graph.outputs = {add(graph, "Neg", {y}, "y")};
  Inspection i = inspect(graph).value();
  EXPECT_EQ(i.unsupported, (std::map<std::string, int>{{"Mystery", 1}}));
  EXPECT_EQ(i.unknown_shapes, 2);
  EXPECT_FALSE(i.nodes[0].supported);
  EXPECT_EQ(i.nodes[0].output_bytes, -1);
}

struct MacsCase {
  const char* op;
  std::vector<Shape> inputs;
  Shape output;
  int64_t expected;
};

TEST(Macs, FollowTheTextbook) {
  const MacsCase cases[] = {
      {"Conv", {{1, 3, 32, 32}, {16, 3, 3, 3}}, {1, 16, 30, 30}, 16 * 30 * 30 * 27},
      {"Conv", {{1, 8, 4, 4}, {8, 1, 3, 3}}, {1, 8, 2, 2}, 8 * 4 * 9},
      {"ConvTranspose", {{1, 4, 5, 5}, {4, 2, 2, 2}}, {1, 2, 6, 6}, 100 * 8},
      {"MatMul", {{2, 3, 4}, {2, 4, 5}}, {2, 3, 5}, 2 * 3 * 4 * 5},
      {"Gemm", {{3, 4}, {4, 5}}, {3, 5}, 60},
      {"LSTM", {{7, 2, 3}, {1, 16, 3}, {1, 16, 4}}, {7, 1, 2, 4}, 7 * 2 * (48 + 64)},
      {"Relu", {{3}}, {3}, 0},
  };
  for (const MacsCase& c : cases) {
    Graph graph;
    Node node;
    node.op_type = c.op;
    for (const Shape& shape : c.inputs) node.inputs.push_back(graph.add_input("", DType::f32, to_dims(shape)));
    node.outputs = {graph.add_value("y", DType::f32, to_dims(c.output))};
    EXPECT_EQ(multiply_accumulates(graph, node), c.expected) << c.op;
  }
}

}  // namespace
}  // namespace slipway
