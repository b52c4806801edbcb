// Tests of Transposes sinking: what is left of them, and that the numbers stay.
#include "rewrite/sink_transposes.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

const std::vector<int64_t> kIn{0, 2, 3, 1};
const std::vector<int64_t> kBack{0, 3, 1, 2};

struct Net {
  Graph graph;
  Builder b{graph, all_operators()};
  ValueId x = graph.add_input("x", DType::f32, Dims{2, 3, 4, 5});
  ValueId transpose(ValueId v, const std::vector<int64_t>& p) { return b.op("Transpose", {v}, {{"perm", p}}); }
};

// The graph's outputs for small whole numbers.
std::vector<Tensor> run(const Graph& graph) {
  Tensor x(DType::f32, {2, 3, 4, 5});
  for (int64_t i = 0; i < x.count(); ++i)
    x.mutable_data<float>()[static_cast<size_t>(i)] = static_cast<float>(i % 17) - 8;
  return run_nodes(graph, {x});
}

// Sinks, and expects the same numbers from these operators.
void expect_sunk(Net& net, Values outputs, std::string_view expected) {
  ASSERT_TRUE(net.b.status().ok()) << net.b.status().message();
  net.graph.outputs = std::move(outputs);
  std::vector<Tensor> before = run(net.graph);
  Status status = sink_transposes(net.graph);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(op_types(net.graph), expected) << to_text(net.graph);
  std::vector<Tensor> after = run(net.graph);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    auto difference = compare(after[i], before[i], 1e-6, 1e-6);
    ASSERT_TRUE(difference.ok()) << difference.status().message();
    EXPECT_EQ(difference->outside, 0) << "output " << i;
  }
}

TEST(SinkTransposes, AnInversePairAroundArithmeticVanishes) {
  Net n;
  ValueId t = n.transpose(n.x, kIn);
  ValueId scaled = n.b.mul(t, n.b.constant(Tensor::of<float>({3}, {1, 2, 3})));
  ValueId y = n.transpose(n.b.op("Relu", {n.b.add(scaled, t)}), kBack);
  expect_sunk(n, {n.b.op("Exp", {y})}, "Mul Add Relu Exp");
}

TEST(SinkTransposes, AReductionTakesThemAlong) {
  Net n;
  ValueId t = n.transpose(n.x, kIn);
  ValueId mean = n.b.op("ReduceMean", {t, n.b.ints({1, 2})}, {{"keepdims", int64_t{0}}});
  ValueId max = n.b.op("ReduceMax", {t, n.b.ints({-1})}, {{"keepdims", int64_t{0}}});
  ValueId kept = n.b.op("ReduceSum", {t, n.b.ints({0})});
  expect_sunk(n, {mean, max, kept}, "ReduceMean ReduceMax ReduceSum Transpose");
}

TEST(SinkTransposes, ReductionsOfLogarithmsTakeThemAlong) {
  Net n;
  ValueId t = n.transpose(n.x, kIn);
  ValueId soft = n.b.op("ReduceLogSumExp", {t, n.b.ints({1, 2})}, {{"keepdims", int64_t{0}}});
  ValueId log = n.b.op("ReduceLogSum", {n.b.op("Exp", {t}), n.b.ints({-1})});
  expect_sunk(n, {soft, log}, "ReduceLogSumExp Exp ReduceLogSum Transpose");
}

TEST(SinkTransposes, ShapesMoveWithThem) {
  Net n;
  ValueId t = n.transpose(n.x, kIn);
  ValueId padded = n.b.op("Pad", {t, n.b.ints({0, 1, 0, 2, 0, 0, 3, 0})});
  ValueId sliced = n.b.op("Slice", {padded, n.b.ints({1, 0}), n.b.ints({4, 4}), n.b.ints({1, -1})});
  Values parts = n.b.ops("Split", {sliced, n.b.ints({1, 3})}, 2, {{"axis", int64_t{3}}});
  ValueId whole = n.b.op("Concat", {parts[1], parts[0]}, {{"axis", int64_t{3}}});
  expect_sunk(n, {n.transpose(whole, kBack)}, "Pad Slice Split Concat Identity");
}

TEST(SinkTransposes, AReshapeSkipsOneThatMovesOnlyOnes) {
  Net n;
  ValueId pooled = n.b.op("ReduceMean", {n.transpose(n.x, kIn), n.b.ints({1, 2})});
  ValueId back = n.transpose(pooled, kBack);
  ValueId flat = n.b.op("Flatten", {n.transpose(back, {0, 2, 3, 1})});
  expect_sunk(n, {flat}, "ReduceMean Flatten");
}

TEST(SinkTransposes, WhatCaresAboutTheOrderStops) {
  Net n;
  ValueId t = n.transpose(n.x, kIn);
  ValueId other = n.b.op("Relu", {n.transpose(n.x, {0, 2, 1, 3})});
  ValueId flat = n.b.op("Reshape", {t, n.b.ints({2, -1})});
  expect_sunk(n, {flat, other}, "Transpose Relu Transpose Reshape");
}

}  // namespace
}  // namespace slipway
