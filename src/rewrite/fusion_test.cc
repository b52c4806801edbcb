// Tests of what goes into convolutions and matrix products: activations, biases, padding; and of what must not.
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "rewrite/rewrite.h"
#include "support/run_nodes.h"

namespace slipway {
namespace {

using Ints = std::vector<int64_t>;

struct Net {
  Graph graph;
  Builder b{graph, all_operators()};
  ValueId x = graph.add_input("x", DType::f32, Dims{2, 3, 6, 5});
  ValueId rows = graph.add_input("rows", DType::f32, Dims{4, 3});

  ValueId floats(Shape shape, uint64_t seed) { return b.constant(random_floats(std::move(shape), seed)); }
  ValueId conv(ValueId from) { return b.op("Conv", {from, floats({4, 3, 3, 3}, 1), floats({4}, 2)}); }
  ValueId matmul() { return b.op("MatMul", {rows, floats({3, 5}, 3)}); }
  ValueId scaled(ValueId v, float by) { return b.mul(v, b.scalar(by)); }
};

// Optimizes, expects these operators, and the same numbers as before. The outputs are rows of any number.
void expect_fused(Net& n, Values outputs, std::string_view expected) {
  ASSERT_TRUE(n.b.status().ok()) << n.b.status().message();
  n.graph.outputs = std::move(outputs);
  std::vector<Tensor> inputs = {random_floats({2, 3, 6, 5}, 7), random_floats({4, 3}, 8)};
  std::vector<Tensor> before = run_nodes(n.graph, inputs);
  Status status = rewrite::optimize(n.graph);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(op_types(n.graph), expected) << to_text(n.graph);
  std::vector<Tensor> after = run_nodes(n.graph, inputs);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    Result<Difference> d = compare(after[i], before[i], 1e-4, 1e-5);
    ASSERT_TRUE(d.ok()) << d.status().message();
    EXPECT_EQ(d->outside, 0) << "output " << i << ": " << d->max_absolute;
  }
}

constexpr std::string_view kOneConv = "Transpose ConvChannelsLast Transpose";

TEST(Fusion, ActivationsGoIntoAConvolution) {
  struct Case {
    const char* op;
    Attributes attributes;
  };
  const Case cases[] = {
      {"Relu", {}},      {"LeakyRelu", {{"alpha", 0.2f}}}, {"Sigmoid", {}}, {"Tanh", {}},
      {"HardSwish", {}}, {"Elu", {{"alpha", 0.7f}}},       {"Gelu", {}},    {"Gelu", {{"approximate", "tanh"}}}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.op);
    Net n;
    expect_fused(n, {n.b.op(c.op, {n.conv(n.x)}, c.attributes)}, kOneConv);
  }
}

TEST(Fusion, ASumOfTwoIsFusedAsAddIs) {
  for (const char* op : {"Add", "Sum"}) {
    Net bias, product;
    ValueId plain = bias.b.op("Conv", {bias.x, bias.floats({4, 3, 3, 3}, 1)});
    expect_fused(bias, {bias.b.op(op, {plain, bias.floats({4, 1, 1}, 4)})}, kOneConv);
    expect_fused(product, {product.b.op(op, {product.matmul(), product.floats({5}, 4)})}, "MatMul");
  }
  Net one;
  expect_fused(one, {one.b.op("Relu", {one.b.op("Sum", {one.conv(one.x)})})}, kOneConv);
}

TEST(Fusion, ClipGoesIntoAConvolutionWithBothBoundsOrOne) {
  for (bool low : {false, true}) {
    for (bool high : {false, true}) {
      Net n;
      ValueId none;
      expect_fused(n, {n.b.op("Clip", {n.conv(n.x), low ? n.b.scalar(-0.5f) : none, high ? n.b.scalar(0.75f) : none})},
                   kOneConv);
    }
  }
}

TEST(Fusion, SwishIsTheSigmoidTimesItself) {
  Net n;
  ValueId v = n.conv(n.x);
  expect_fused(n, {n.b.mul(n.b.op("Sigmoid", {v}), v)}, kOneConv);
}

TEST(Fusion, AnIntermediateThatIsReadElsewhereStays) {
  Net n;
  ValueId v = n.matmul();
  expect_fused(n, {n.b.op("Elu", {v}), v}, "MatMul Elu");
  Net m;
  v = m.matmul();
  expect_fused(m, {m.b.op("Elu", {v}), m.b.op("Exp", {v})}, "MatMul Elu Exp");
}

TEST(Fusion, BrokenWeightsKeepShowing) {
  Net n;
  Tensor w = random_floats({4, 3, 3, 3}, 1);
  w.mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  n.graph.outputs = {n.b.op("Relu", {n.b.op("Conv", {n.x, n.b.constant(w)})})};
  ASSERT_TRUE(rewrite::optimize(n.graph).ok());
  EXPECT_EQ(op_types(n.graph), "Transpose ConvChannelsLast Relu Transpose");
}

struct OddCase {
  const char* op;
  int64_t in, out, group, kernel, size;  // `size`: of the picture's sides
};

// `activation` behind the case's convolution of a picture that holds `odd`.
void expect_the_same(const OddCase& s, std::string_view activation, const Attributes& attributes, float odd) {
  Graph graph;
  Builder b(graph, all_operators());
  const Shape in = {1, s.in, s.size, s.size};
  ValueId x = graph.add_input("x", DType::f32, to_dims(in));
  const bool transposed = std::string_view(s.op) == "ConvTranspose";
  Tensor w = random_floats({transposed ? s.in : s.out, transposed ? s.out : s.in / s.group, s.kernel, s.kernel}, 3);
  for (float& value : w.mutable_data<float>()) value *= 0.1f;
  Values inputs = {b.op(s.op, {x, b.constant(w)}, {{"group", s.group}})};
  if (activation == "Clip") inputs.insert(inputs.end(), {b.scalar(0.f), b.scalar(6.f)});
  graph.outputs = {b.op(activation, inputs, attributes)};
  ASSERT_TRUE(b.status().ok()) << b.status().message();
  Tensor given = random_floats(in, 5);
  given.mutable_data<float>()[static_cast<size_t>(given.count() / 2)] = odd;
  const Tensor before = run_nodes(graph, {given})[0];
  ASSERT_TRUE(rewrite::optimize(graph).ok());
  const Tensor after = run_nodes(graph, {given})[0];
  for (size_t i = 0; i < before.data<float>().size(); ++i) {
    const float was = before.data<float>()[i], is = after.data<float>()[i];
    ASSERT_EQ(std::isnan(was), std::isnan(is)) << i << ": " << was << " became " << is;
    if (std::isnan(was) || was == is) continue;
    ASSERT_NEAR(was, is, 1e-4 + 1e-4 * std::fabs(was)) << i;
  }
}

// What is not finite shows behind every convolution and activation where it shows without fusion, and nowhere else; and
// what is finite stays so though Winograd's transforms (32 channels, 3 x 3) overflow.
TEST(Fusion, NaNAndInfinityShowBehindFusedActivations) {
  const OddCase shapes[] = {{"Conv", 3, 4, 1, 3, 6},    {"Conv", 16, 16, 1, 1, 5},
                            {"Conv", 16, 16, 16, 3, 7}, {"Conv", 32, 32, 1, 3, 20},
                            {"Conv", 16, 32, 1, 3, 5},  {"ConvTranspose", 3, 4, 1, 3, 5},
                            {"Conv", 1, 1, 1, 1, 4},    {"ConvTranspose", 16, 16, 1, 2, 6}};
  const std::pair<const char*, Attributes> activations[] = {
      {"Relu", {}}, {"Clip", {}},      {"LeakyRelu", {{"alpha", 0.25f}}}, {"Sigmoid", {}},
      {"Tanh", {}}, {"HardSwish", {}}, {"Elu", {{"alpha", 0.5f}}}};
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
  for (const OddCase& s : shapes) {
    for (const auto& [activation, attributes] : activations) {
      for (float odd : {kNaN, kInfinity, -kInfinity, 3e38f}) {
        SCOPED_TRACE(
            fmt::format("{} {} -> {}, {} x {}, {}, {}", s.op, s.in, s.out, s.kernel, s.kernel, activation, odd));
        expect_the_same(s, activation, attributes, odd);
      }
    }
  }
}

TEST(Fusion, MatrixProductsTakeActivationsThatKeepNaN) {
  Net n;
  expect_fused(n, {n.b.op("Elu", {n.matmul()})}, "MatMul");
  Net m;
  expect_fused(m, {m.b.op("Relu", {m.matmul()})}, "MatMul Relu");
  Net g;
  ValueId gemm = g.b.op("Gemm", {g.rows, g.floats({5, 3}, 4), g.floats({5}, 5)}, {{"transB", int64_t{1}}});
  expect_fused(g, {g.b.op("LeakyRelu", {gemm})}, "Gemm");
  Net h;
  gemm = h.b.op("Gemm", {h.rows, h.floats({3, 5}, 4), h.floats({5}, 5)}, {{"alpha", 0.5f}});
  expect_fused(h, {h.b.op("LeakyRelu", {gemm})}, "Gemm LeakyRelu");
}

TEST(Fusion, AnAddedRowBecomesTheBias) {
  Net n;
  expect_fused(n, {n.b.op("Gelu", {n.b.add(n.floats({5}, 9), n.matmul())})}, "MatMul");
  Net c;
  ValueId conv = c.b.op("Conv", {c.x, c.floats({4, 3, 3, 3}, 1)});
  expect_fused(c, {c.b.add(conv, c.floats({4, 1, 1}, 9))}, kOneConv);
  Net column;
  expect_fused(column, {column.b.add(column.matmul(), column.floats({4, 1}, 9))}, "MatMul Add");
}

TEST(Fusion, PaddedZerosBecomePads) {
  Net n;
  expect_fused(n, {n.conv(n.b.op("Pad", {n.x, n.b.ints({0, 0, 1, 2, 0, 0, 0, 1})}))}, kOneConv);
  EXPECT_EQ(n.graph.nodes()[1].ints("pads"), (Ints{1, 2, 0, 1}));
  Net wide;
  ValueId padded = wide.b.op("Pad", {wide.x, wide.b.ints({0, 0, 3, 0, 0, 0, 0, 0})});
  expect_fused(wide, {wide.conv(padded)}, "Pad Transpose ConvChannelsLast Transpose");
  Net ones;
  padded = ones.b.op("Pad", {ones.x, ones.b.ints({0, 0, 1, 1, 0, 0, 1, 1}), ones.b.scalar(1)});
  expect_fused(ones, {ones.conv(padded)}, "Pad Transpose ConvChannelsLast Transpose");
}

TEST(Fusion, HardSwishIsKnownByItsParts) {
  Net n;
  ValueId v = n.matmul();
  ValueId gate = n.b.op("Clip", {n.b.add(v, n.b.scalar(3)), n.b.scalar(0), n.b.scalar(6)});
  expect_fused(n, {n.b.div(n.b.mul(v, gate), n.b.scalar(6))}, "MatMul HardSwish");
  Net m;
  v = m.matmul();
  gate = m.b.op("HardSigmoid", {v}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}});
  expect_fused(m, {m.b.mul(gate, v)}, "MatMul HardSwish");
  Net other;
  v = other.matmul();
  gate = other.b.op("Clip", {other.b.add(v, other.b.scalar(2)), other.b.scalar(0), other.b.scalar(6)});
  expect_fused(other, {other.scaled(other.b.mul(v, gate), 1.0f / 6)}, "MatMul Add Clip Mul Mul");
}

TEST(Fusion, GeluIsKnownByItsParts) {
  for (bool half_first : {false, true}) {
    Net n;
    ValueId v = n.matmul();
    ValueId erf = n.b.op("Erf", {n.b.div(v, n.b.scalar(std::sqrt(2.0f)))});
    ValueId factor = n.b.add(erf, n.b.scalar(1));
    ValueId y = half_first ? n.b.mul(n.scaled(v, 0.5f), factor) : n.scaled(n.b.mul(v, factor), 0.5f);
    expect_fused(n, {y}, "MatMul");
  }
}

TEST(Fusion, GeluWithTanhIsKnownByItsParts) {
  for (float cubic : {0.044715f, 0.05f}) {
    Net n;
    ValueId v = n.matmul();
    ValueId cube = n.scaled(n.b.op("Pow", {v, n.b.scalar(3)}), cubic);
    ValueId tanh = n.b.op("Tanh", {n.scaled(n.b.add(v, cube), 0.7978845608f)});
    ValueId y = n.b.mul(n.scaled(v, 0.5f), n.b.add(tanh, n.b.scalar(1)));
    expect_fused(n, {y}, cubic == 0.044715f ? "MatMul" : "MatMul Pow Mul Add Mul Tanh Add Mul Mul");
  }
}

}  // namespace
}  // namespace slipway
