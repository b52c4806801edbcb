// Gradient nodes as ONNX's specification defines them.
#include "rewrite/expand_gradients.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

// y = a * a * b with a Gradient node by `xs` at `inputs`, whose outputs are the graph's.
Graph model(std::vector<std::string> xs, std::vector<std::string> zs, std::vector<std::string> inputs,
            std::string y = "y") {
  Graph graph;
  for (const char* name : {"a", "b", "c"}) graph.add_input(name, DType::f32, Dims{Dim(2)});
  Builder b(graph, all_operators());
  ValueId square = b.mul(graph.find("a"), graph.find("a"));
  graph.rename(b.mul(square, graph.find("b")), "y");
  Node node;
  node.domain = "ai.onnx.preview.training";
  node.op_type = "Gradient";
  node.attributes = {{"xs", xs}, {"y", y}};
  if (!zs.empty()) node.attributes.set("zs", zs);
  for (const std::string& name : inputs) node.inputs.push_back(graph.find(name));
  for (size_t i = 0; i < xs.size(); ++i) {
    node.outputs.push_back(graph.add_value("d" + xs[i]));
    graph.outputs.push_back(node.outputs.back());
  }
  graph.add_node(node);
  return graph;
}

std::vector<Tensor> run(Graph graph) {
  Status expanded = rewrite::expand_gradients(graph, all_operators());
  EXPECT_TRUE(expanded.ok()) << expanded.message();
  return run_nodes(graph,
                   {Tensor::of<float>({2}, {2, 3}), Tensor::of<float>({2}, {5, 7}), Tensor::of<float>({2}, {1, 10})});
}

void expect_values(const Tensor& tensor, std::vector<double> expected) { EXPECT_EQ(tensor.to_doubles(), expected); }

TEST(ExpandGradients, ByInputsInTheirPlace) {
  std::vector<Tensor> d = run(model({"a", "b"}, {}, {"a", "b"}));
  expect_values(d[0], {2 * 2 * 5, 2 * 3 * 7});
  expect_values(d[1], {4, 9});
}

TEST(ExpandGradients, AtOtherInputs) {
  std::vector<Tensor> d = run(model({"a"}, {"b"}, {"c", "b"}));
  expect_values(d[0], {2 * 1 * 5, 2 * 10 * 7});
}

TEST(ExpandGradients, WhatIsNotReachedHasGradientZero) { expect_values(run(model({"c"}, {}, {"c"}))[0], {0, 0}); }

TEST(ExpandGradients, MistakesAreNamed) {
  auto message = [](Graph graph) { return std::string(rewrite::expand_gradients(graph, all_operators()).message()); };
  EXPECT_NE(message(model({"q"}, {}, {"a"})).find("xs: there is no value \"q\""), std::string::npos);
  EXPECT_NE(message(model({"a"}, {}, {"a"}, "z")).find("y: there is no value \"z\""), std::string::npos);
  EXPECT_NE(message(model({"a"}, {"b"}, {"a"})).find("name 2 values, and the node has 1 inputs"), std::string::npos);
}

}  // namespace
}  // namespace slipway
