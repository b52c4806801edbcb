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
               "QuantizeLinear Transpose QuantizedConvChannelsLast Transpose Flatten QuantizedGemm DequantizeLinear",
               0.5);
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

// A graph over [2, 3, 8, 8] that is quantized as tools write it: a pair of QuantizeLinear and DequantizeLinear behind
// every operator, weights dequantized by output channel.
class Network {
 public:
  explicit Network(uint64_t seed, int64_t channels = 3) : random_(seed), b_(graph_, all_operators()) {
    input = graph_.add_input("x", DType::f32, Dims{2, channels, 8, 8});
  }

  ValueId pair(ValueId v, float scale, int zero, DType dtype = DType::u8) {
    Tensor z =
        dtype == DType::u8 ? Tensor::scalar(static_cast<uint8_t>(zero)) : Tensor::scalar(static_cast<int8_t>(zero));
    ValueId s = b_.scalar(scale), offset = b_.constant(std::move(z));
    return b_.op("DequantizeLinear", {b_.op("QuantizeLinear", {v, s, offset}), s, offset});
  }

  ValueId conv(ValueId x, int64_t in, int64_t out, int64_t size, int64_t group = 1) {
    Tensor scale(DType::f32, {out});
    for (float& v : scale.mutable_data<float>()) v = 0.002f + 0.003f * static_cast<float>(random_.uniform());
    ValueId w = b_.op("DequantizeLinear",
                      {b_.constant(random_int8({out, in / group, size, size}, random_)), b_.constant(scale),
                       b_.constant(Tensor(DType::i8, {out}))},
                      {{"axis", int64_t{0}}});
    std::vector<int64_t> pads(4, size / 2);
    return b_.op("Conv", {x, w, b_.constant(random_floats({out}, random_))}, {{"pads", pads}, {"group", group}});
  }

  Builder& build() { return b_; }

  // `step`: the scale of the output.
  void expect(ValueId output, std::string_view operators, double step) {
    graph_.outputs = {output};
    ASSERT_TRUE(b_.status().ok()) << b_.status().message();
    Shape shape = *known_shape(*graph_.value(input).dims);
    expect_fused(graph_, random_floats(shape, random_), operators, step);
  }

  ValueId input;

 private:
  Random random_;
  Graph graph_;
  Builder b_;
};

// int8 activations with any zero point run as uint8; padding stands for the zero point.
TEST(FuseQuantized, SignedActivationsBecomeUnsigned) {
  Network n(21);
  ValueId x = n.pair(n.input, 0.03f, -7, DType::i8);
  ValueId y = n.pair(n.conv(x, 3, 5, 3), 0.05f, 11, DType::i8);
  n.expect(y, "QuantizeLinear Transpose QuantizedConvChannelsLast DequantizeLinear Transpose", 0.05);
}

TEST(FuseQuantized, DepthwiseAndPointwise) {
  Network n(22, 16);
  ValueId x = n.pair(n.input, 0.03f, 120);
  ValueId deep = n.pair(n.conv(x, 16, 16, 3, 16), 0.05f, 128);
  ValueId y = n.pair(n.conv(deep, 16, 8, 1), 0.1f, 130);
  n.expect(y, "QuantizeLinear Transpose QuantizedConvChannelsLast QuantizedConvChannelsLast DequantizeLinear Transpose",
           0.1);
}

TEST(FuseQuantized, ConvWithFloatResult) {
  Network n(23);
  ValueId y = n.build().op("Relu", {n.conv(n.pair(n.input, 0.03f, 128), 3, 4, 1)});
  n.expect(y, "QuantizeLinear Transpose QuantizedConvChannelsLast Transpose", 1e-4);
}

TEST(FuseQuantized, ResidualAddAndRelu) {
  Network n(24);
  ValueId x = n.pair(n.input, 0.03f, 120);
  ValueId shortcut = n.pair(n.conv(x, 3, 3, 1), 0.04f, 131), y = n.pair(n.conv(x, 3, 3, 3), 0.05f, 125);
  ValueId sum = n.build().op("Relu", {n.build().add(y, shortcut)});
  n.expect(n.pair(sum, 0.04f, 3),
           "QuantizeLinear Transpose QuantizedConvChannelsLast QuantizedConvChannelsLast QuantizedAdd DequantizeLinear "
           "Transpose",
           0.04);
}

// Rounding keeps order, so a Clip that quantization does not make needless is a table behind the product.
TEST(FuseQuantized, ClipsOfProducts) {
  Network n(25);
  Builder& b = n.build();
  ValueId x = n.pair(n.input, 0.03f, 120);
  ValueId six = n.pair(b.op("Clip", {n.conv(x, 3, 4, 3), b.scalar(0), b.scalar(6)}), 6.f / 255, 0);
  ValueId two = n.pair(b.op("Clip", {n.conv(six, 4, 4, 3), b.scalar(-1), b.scalar(2)}), 0.05f, 128);
  n.expect(two,
           "QuantizeLinear Transpose QuantizedConvChannelsLast QuantizedConvChannelsLast QuantizedMap DequantizeLinear "
           "Transpose",
           0.05);
}

// x sigmoid(x), rounded in between, is a function of x alone; the pair of one scale around Reshape is none.
TEST(FuseQuantized, ElementwiseChainsBecomeTables) {
  Network n(26);
  Builder& b = n.build();
  ValueId x = n.pair(n.input, 0.03f, 120);
  ValueId gate = n.pair(b.op("Sigmoid", {x}), 1.f / 256, 0);
  ValueId swish = n.pair(b.mul(x, gate), 0.02f, 20);
  ValueId flat = n.pair(b.op("Reshape", {swish, b.ints({2, -1})}), 0.02f, 20);
  n.expect(flat, "QuantizeLinear QuantizedMap Reshape DequantizeLinear", 1e-6);
}

// Whatever works element by element by its card is part of a table: angles, roundings, comparisons, casts.
TEST(FuseQuantized, EveryElementwiseOperatorBecomesATable) {
  for (const char* op : {"Sin", "Cos", "Round", "Floor", "Ceil", "Sign", "Atan", "Sinh", "Celu"}) {
    SCOPED_TRACE(op);
    Network n(28);
    ValueId x = n.pair(n.input, 0.03f, 120);
    n.expect(n.pair(n.build().op(op, {x}), 0.05f, 128), "QuantizeLinear QuantizedMap DequantizeLinear", 1e-6);
  }
  Network n(29);
  Builder& b = n.build();
  ValueId x = n.pair(n.input, 0.03f, 120);
  ValueId above = b.op("Cast", {b.op("Greater", {x, b.scalar(0.5f)})}, {{"to", int64_t{1}}});
  n.expect(n.pair(above, 0.01f, 0), "QuantizeLinear QuantizedMap DequantizeLinear", 1e-6);
}

TEST(FuseQuantized, ConcatBringsItsInputsToOneScale) {
  Network n(27);
  ValueId x = n.pair(n.input, 0.03f, 120);
  ValueId a = n.pair(n.conv(x, 3, 2, 1), 0.05f, 128), c = n.pair(n.conv(x, 3, 4, 1), 0.02f, 100);
  ValueId y = n.build().op("Concat", {a, c}, {{"axis", int64_t{1}}});
  n.expect(n.pair(y, 0.05f, 128),
           "QuantizeLinear Transpose QuantizedConvChannelsLast QuantizedConvChannelsLast QuantizedMap Concat "
           "DequantizeLinear Transpose",
           0.05);
}

TEST(FuseQuantized, PoolsAverageBytes) {
  using Ints = std::vector<int64_t>;
  Network n(28);
  Builder& b = n.build();
  ValueId x = n.pair(n.conv(n.pair(n.input, 0.03f, 120), 3, 20, 3), 0.05f, 128);
  Attributes window = {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}};
  ValueId inside = n.pair(b.op("AveragePool", {x}, window), 0.04f, 120);
  window.set("count_include_pad", int64_t{1});
  ValueId all = n.pair(b.op("AveragePool", {inside}, window), 0.03f, 110);
  ValueId y = n.pair(b.op("GlobalAveragePool", {all}), 0.02f, 130);
  n.expect(y,
           "QuantizeLinear Transpose QuantizedConvChannelsLast QuantizedAveragePool QuantizedAveragePool "
           "QuantizedAveragePool DequantizeLinear Transpose",
           0.02);
}

// Both readers of one value, Split, padding and nearest neighbours included.
TEST(FuseQuantized, BytesMoveAsBytes) {
  Network n(29);
  Builder& b = n.build();
  ValueId x = n.pair(n.input, 0.03f, 120);
  Values halves = b.ops("Split", {x, b.ints({1, 2})}, 2, {{"axis", int64_t{1}}});
  ValueId padded = b.op("Pad", {halves[1], b.ints({0, 0, 1, 1, 0, 0, 1, 1})});
  ValueId larger = b.op("Resize", {halves[0], {}, b.constant(Tensor::of<float>({4}, {1, 1, 2, 2}))});
  ValueId a = n.pair(n.conv(n.pair(padded, 0.03f, 120), 2, 2, 3), 0.05f, 128);
  ValueId c = n.pair(n.conv(n.pair(larger, 0.03f, 120), 1, 2, 3), 0.05f, 128);
  ValueId most = b.op("MaxPool", {c}, {{"kernel_shape", std::vector<int64_t>{7, 7}}});
  n.expect(n.pair(b.op("Concat", {a, most}, {{"axis", int64_t{1}}}), 0.05f, 128),
           "QuantizeLinear Split Pad Resize Transpose QuantizedConvChannelsLast Transpose QuantizedConvChannelsLast "
           "MaxPoolChannelsLast Concat DequantizeLinear Transpose",
           0.05);
}

// A network as ONNX Runtime's quantize_static writes it (QDQ format): int8 weights by output channel with zero points
// of their own, int32 biases behind DequantizeLinear, a pair behind every operator, also behind those that only move or
// choose elements, which keep their input's scale.
class QdqFile {
 public:
  QdqFile(DType activations, uint64_t seed) : activations_(activations), random_(seed), b_(graph, all_operators()) {
    input = graph.add_input("x", DType::f32, Dims{2, 4, 16, 16});
  }

  struct Stored {
    ValueId value;
    float scale;
  };
  // `zero` as uint8; int8 has it 128 lower.
  Stored pair(ValueId v, float scale, int zero) {
    const bool is_signed = activations_ == DType::i8;
    ValueId z = b_.constant(is_signed ? Tensor::scalar(static_cast<int8_t>(zero - 128))
                                      : Tensor::scalar(static_cast<uint8_t>(zero)));
    ValueId s = b_.constant(Tensor::scalar(scale));
    return {b_.op("DequantizeLinear", {b_.op("QuantizeLinear", {v, s, z}), s, z}), scale};
  }

  // A weight of shape [out, ...] and its bias.
  Values weights(const Shape& shape, float x_scale) {
    std::vector<float> scale;
    for (int64_t o = 0; o < shape[0]; ++o) scale.push_back(0.002f + 0.003f * static_cast<float>(random_.uniform()));
    Tensor bias(DType::i32, {shape[0]}), bias_scale = Tensor::of<float>({shape[0]}, scale);
    for (int32_t& v : bias.mutable_data<int32_t>()) v = static_cast<int32_t>(random_.below(2000)) - 1000;
    for (float& v : bias_scale.mutable_data<float>()) v *= x_scale;
    const Attributes axis = {{"axis", int64_t{0}}};
    ValueId w = b_.op("DequantizeLinear",
                      {b_.constant(random_int8(shape, random_)), b_.constant(Tensor::of<float>({shape[0]}, scale)),
                       b_.constant(Tensor(DType::i8, {shape[0]}))},
                      axis);
    return {w, b_.op("DequantizeLinear",
                     {b_.constant(bias), b_.constant(bias_scale), b_.constant(Tensor(DType::i32, {shape[0]}))}, axis)};
  }

  ValueId conv(const Stored& x, int64_t in, int64_t out, int64_t size, int64_t group = 1) {
    const Values w = weights({out, in / group, size, size}, x.scale);
    return b_.op("Conv", {x.value, w[0], w[1]},
                 {{"pads", std::vector<int64_t>(4, size / 2)},
                  {"kernel_shape", std::vector<int64_t>{size, size}},
                  {"group", group}});
  }

  Stored same(const char* op, const Stored& x, Values more, const Attributes& attributes, int zero) {
    more.insert(more.begin(), x.value);
    return pair(b_.op(op, more, attributes), x.scale, zero);
  }

  Builder& build() { return b_; }
  Tensor sample() { return random_floats({2, 4, 16, 16}, random_); }

  Graph graph;
  ValueId input;

 private:
  DType activations_;
  Random random_;
  Builder b_;
};

TEST(FuseQuantized, FilesOfOnnxRuntimeStayInBytes) {
  using Ints = std::vector<int64_t>;
  for (DType activations : {DType::u8, DType::i8}) {
    QdqFile f(activations, 31);
    Builder& b = f.build();
    const Attributes two = {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}};
    auto x = f.pair(f.input, 0.03f, 120);
    auto stem = f.pair(b.op("Relu", {f.conv(x, 4, 16, 3)}), 0.02f, 0);
    auto pooled = f.same("MaxPool", stem, {}, two, 0);
    auto deep = f.pair(b.op("Clip", {f.conv(pooled, 16, 16, 3, 16), b.scalar(0), b.scalar(6)}), 6.f / 255, 0);
    auto branch = f.pair(f.conv(deep, 16, 16, 1), 0.03f, 128);
    auto sum = f.pair(b.op("Relu", {b.add(branch.value, pooled.value)}), 0.03f, 0);
    auto mean = f.pair(b.op("AveragePool", {sum.value}, two), 0.02f, 0);
    auto larger =
        f.same("Resize", mean, {{}, b.constant(Tensor::of<float>({4}, {1, 1, 2, 2}))}, {{"mode", "nearest"}}, 0);
    auto both = f.pair(b.op("Concat", {sum.value, larger.value}, {{"axis", int64_t{1}}}), 0.03f, 0);
    auto head = f.pair(f.conv(both, 32, 8, 1), 0.05f, 128);
    auto last = f.pair(b.op("Sigmoid", {head.value}), 1.f / 256, 0);
    auto whole = f.pair(b.op("GlobalAveragePool", {last.value}), 1.f / 256, 0);
    auto flat = f.same("Reshape", whole, {b.ints({2, 8})}, {}, 0);
    const Values w = f.weights({5, 8}, flat.scale);
    f.graph.outputs = {f.pair(b.op("Gemm", {flat.value, w[0], w[1]}, {{"transB", int64_t{1}}}), 0.02f, 128).value};
    ASSERT_TRUE(b.status().ok()) << b.status().message();
    expect_fused(f.graph, f.sample(),
                 "QuantizeLinear Transpose QuantizedConvChannelsLast MaxPoolChannelsLast QuantizedConvChannelsLast "
                 "QuantizedConvChannelsLast QuantizedAdd QuantizedAveragePool Resize QuantizedMap Concat "
                 "QuantizedConvChannelsLast QuantizedMap QuantizedAveragePool Reshape QuantizedGemm DequantizeLinear",
                 0.02);
  }
}

}  // namespace
}  // namespace slipway
