// Inference over a graph with cards made for the test.
#include <gtest/gtest.h>

#include "graph/captures.h"
#include "graph/operator.h"

namespace slipway {
namespace {

// y: [a, b] from x: [a] and z: [b].
Status outer(InferContext& c) {
  c.set(0, c.dtype(0), {c.dims(0)[0], c.dims(1)[0]});
  return {};
}

const Operator kOuter = {.name = "Outer", .inputs = {2, 2}, .infer = outer};

Graph outer_product(Dims a, Dims b) {
  Graph graph;
  Node node;
  node.name = "o";
  node.op_type = "Outer";
  node.op = &kOuter;
  node.inputs = {graph.add_input("a", DType::f32, std::move(a)), graph.add_input("b", DType::f32, std::move(b))};
  node.outputs = {graph.add_value("y")};
  graph.outputs = node.outputs;
  graph.add_node(node);
  return graph;
}

TEST(Infer, GivesOutputsTheirTypes) {
  Graph graph = outer_product({Dim::named("n")}, {3});
  ASSERT_TRUE(infer_types(graph).ok());
  EXPECT_EQ(to_text(graph),
            "graph graph {\n  input %a : float32[n]\n  input %b : float32[3]\n  %y = Outer(%a, %b) : float32[n, 3]\n"
            "  return %y\n}\n");
}

TEST(Infer, RefusesWhatNoMachineHolds) {
  Graph graph = outer_product({int64_t{1} << 40}, {int64_t{1} << 40});
  EXPECT_EQ(infer_types(graph).message(),
            "Outer node \"o\": output \"y\": shape [1099511627776, 1099511627776] is too large");
  EXPECT_FALSE(graph.value(graph.outputs[0]).dims.has_value());
}

TEST(Infer, RefusesWhatTheCardCannotTake) {
  Graph graph = outer_product({2}, {3});
  Node& node = graph.node(NodeId{0});
  node.inputs[0] = {};
  EXPECT_EQ(infer_types(graph).message(), "Outer node \"o\": required input 0 is left out");
  node.inputs.clear();
  EXPECT_EQ(infer_types(graph).message(), "Outer node \"o\": has 0 inputs; expected 2");
}

TEST(Infer, LeavesOutputsOfUnknownRankAlone) {
  Graph graph = outer_product({2}, {3});
  graph.value(graph.inputs[0]).dims.reset();
  ASSERT_TRUE(infer_types(graph).ok());
  EXPECT_FALSE(graph.value(graph.outputs[0]).dims.has_value());
}

TEST(Captures, AreCountedBySubgraph) {
  auto body = std::make_shared<Graph>();
  body->captures = 2;
  Node node;
  EXPECT_EQ(captured_inputs(node), 0u);
  node.attributes.set("body", std::shared_ptr<const Graph>(body));
  EXPECT_EQ(captured_inputs(node), 2u);
}

}  // namespace
}  // namespace slipway
