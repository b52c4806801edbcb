// Quantized patterns become int8 products with the same answers.
#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "rewrite/rewrite.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

Tensor random_floats(Shape shape, Random& random) {
  Tensor t(DType::f32, std::move(shape));
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.normal());
  return t;
}

Tensor random_int8(Shape shape, Random& random) {
  Tensor t(DType::i8, std::move(shape));
  for (int8_t& x : t.mutable_data<int8_t>()) x = static_cast<int8_t>(static_cast<int>(random.below(255)) - 127);
  return t;
}

// Optimizes and compares: one quantization step may round the other way.
void expect_fused(Graph graph, const Tensor& input, std::string_view expected, double step) {
  Tensor before = run_nodes(graph, {input})[0];
  Status status = rewrite::optimize(graph);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(op_types(graph), expected);
  Tensor after = run_nodes(graph, {input})[0];
  Result<Difference> d = compare(after, before, 1e-5, step * 1.01);
  ASSERT_TRUE(d.ok()) << d.status().message();
  EXPECT_EQ(d->outside, 0) << d->max_absolute;
}

TEST(FuseQuantized, StaticConvReluAndGemm) {
  Random random(11);
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{2, 3, 8, 8});
  auto pair = [&](ValueId v, float scale, uint8_t zero) {
    ValueId s = b.scalar(scale), z = b.constant(Tensor::scalar(zero));
    return b.op("DequantizeLinear", {b.op("QuantizeLinear", {v, s, z}), s, z});
  };
  ValueId w =
      b.op("DequantizeLinear",
           {b.constant(random_int8({4, 3, 3, 3}, random)),
            b.constant(Tensor::of<float>({4}, {0.01f, 0.02f, 0.015f, 0.03f})), b.constant(Tensor(DType::i8, {4}))},
           {{"axis", int64_t{0}}});
  ValueId conv = b.op("Conv", {pair(x, 0.03f, 120), w, b.constant(random_floats({4}, random))},
                      {{"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  ValueId flat = b.op("Flatten", {pair(b.op("Relu", {conv}), 0.05f, 0)});
  ValueId v = b.op("DequantizeLinear", {b.constant(random_int8({5, 256}, random)), b.scalar(0.02f)});
  ValueId y = b.op("Gemm", {flat, v}, {{"transB", int64_t{1}}});
  graph.outputs = {pair(y, 0.5f, 128)};
  ASSERT_TRUE(b.status().ok()) << b.status().message();
  expect_fused(graph, random_floats({2, 3, 8, 8}, random),
               "QuantizeLinear QuantizedConv Flatten QuantizedGemm DequantizeLinear", 0.5);
}

TEST(FuseQuantized, DynamicMatMulBiasRelu) {
  Random random(12);
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{3, 16});
  Values q = b.ops("DynamicQuantizeLinear", {x}, 3);
  ValueId acc = b.op("MatMulInteger", {q[0], b.constant(random_int8({16, 6}, random)), q[2]});
  ValueId scale = b.mul(q[1], b.constant(Tensor::of<float>({6}, {0.01f, 0.02f, 0.03f, 0.04f, 0.05f, 0.06f})));
  ValueId scaled = b.mul(b.op("Cast", {acc}, {{"to", int64_t{1}}}), scale);
  graph.outputs = {b.op("Relu", {b.add(scaled, b.constant(random_floats({6}, random)))})};
  ASSERT_TRUE(b.status().ok()) << b.status().message();
  expect_fused(graph, random_floats({3, 16}, random), "QuantizedGemm", 0);
}

}  // namespace
}  // namespace slipway
