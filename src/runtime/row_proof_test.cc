// Row proofs: networks as exporters write them are proved, and whatever mixes rows is refused with the node's name.
#include "runtime/row_proof.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "ops/all.h"

namespace slipway {
namespace {

Dim batch() { return Dim::named("batch"); }

Tensor weights(Shape shape) {
  Tensor t(DType::f32, std::move(shape));
  Random random(1);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.uniform() - 0.5);
  return t;
}

// A model of one float input and what a test strings behind it.
struct Net {
  Graph graph;
  Builder b{graph, all_operators()};

  ValueId input(const std::string& name, Dims dims, DType dtype = DType::f32) {
    return graph.add_input(name, dtype, std::move(dims));
  }
  ValueId w(Shape shape) { return b.constant(weights(std::move(shape))); }
  ValueId number(int64_t n) { return b.constant(Tensor::scalar(n)); }
  // Element i of the shape of x, as a vector.
  ValueId size(ValueId x, int64_t i) {
    return b.op("Unsqueeze", {b.op("Gather", {b.op("Shape", {x}), number(i)}), b.ints({0})});
  }
  ValueId joined(Values parts) { return b.op("Concat", std::move(parts), {{"axis", int64_t{0}}}); }
  RowProof prove(ValueId out, const std::vector<TensorType>& types, std::vector<bool> rows = {}) {
    graph.outputs = {out};
    EXPECT_TRUE(b.status().ok()) << b.status().to_string();
    if (rows.empty()) rows.assign(types.size(), true);
    return prove_rows(graph, types, rows);
  }
};

TensorType floats(Shape shape) { return {DType::f32, std::move(shape)}; }

TEST(RowProof, APerceptronIsProved) {
  Net n;
  ValueId x = n.input("x", {batch(), 8});
  ValueId h = n.b.op("Relu", {n.b.op("Gemm", {x, n.w({8, 4}), n.w({4})})});
  EXPECT_EQ(n.prove(n.b.op("Softmax", {n.b.op("MatMul", {h, n.w({4, 3})})}), {floats({1, 8})}).why, "");
}

TEST(RowProof, AConvolutionalNetworkIsProved) {
  Net n;
  ValueId x = n.input("x", {batch(), 3, 8, 8});
  ValueId c = n.b.op("Relu", {n.b.op("Conv", {x, n.w({4, 3, 3, 3}), n.w({4})})});
  c = n.b.op("MaxPool", {c}, {{"kernel_shape", std::vector<int64_t>{2, 2}}});
  EXPECT_EQ(n.prove(n.b.op("Gemm", {n.b.op("Flatten", {c}), n.w({100, 5})}), {floats({7, 3, 8, 8})}).why, "");
  EXPECT_EQ(n.prove(n.b.op("Reshape", {c, n.b.ints({-1, 100})}), {floats({7, 3, 8, 8})}).why, "");
}

// [batch, seq, 8] through two heads of four, with the sizes computed from Shape as PyTorch's exporter does.
ValueId attention(Net& n, ValueId x) {
  auto heads = [&](ValueId v) {
    ValueId to = n.joined({n.size(x, 0), n.size(x, 1), n.b.ints({2}), n.b.ints({4})});
    return n.b.op("Transpose", {n.b.op("Reshape", {v, to})}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  };
  ValueId q = heads(n.b.op("MatMul", {x, n.w({8, 8})})), k = heads(n.b.op("MatMul", {x, n.w({8, 8})}));
  ValueId kt = n.b.op("Transpose", {k}, {{"perm", std::vector<int64_t>{0, 1, 3, 2}}});
  ValueId scores = n.b.op("Softmax", {n.b.op("MatMul", {q, kt})});
  ValueId y = n.b.op("Transpose", {n.b.op("MatMul", {scores, heads(x)})}, {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  return n.b.op("Reshape", {y, n.joined({n.size(y, 0), n.size(y, 1), n.b.ints({8})})});
}

TEST(RowProof, ATransformerOverBatchAndSequenceIsProvedForEachLength) {
  Net n;
  ValueId ids = n.input("ids", {batch(), Dim::named("seq")}, DType::i64);
  ValueId x = n.b.op("Gather", {n.w({50, 8}), ids});
  ValueId positions =
      n.b.op("Range", {n.number(0), n.b.op("Gather", {n.b.op("Shape", {ids}), n.number(1)}), n.number(1)});
  x = n.b.add(x, n.b.op("Gather", {n.w({64, 8}), n.b.op("Unsqueeze", {positions, n.b.ints({0})})}));
  x = n.b.op("LayerNormalization", {n.b.add(x, attention(n, x)), n.w({8}), n.w({8})});
  for (int64_t length : {1, 2, 7, 40}) {
    EXPECT_EQ(
        n.prove(n.b.op("ReduceMean", {x, n.b.ints({1})}, {{"keepdims", int64_t{0}}}), {{DType::i64, {1, length}}}).why,
        "");
  }
}

// nn.MultiheadAttention: [seq, batch, 8] as [seq, batch * 2, 4], and [seq * batch, 8] for the projections.
TEST(RowProof, AttentionWithTheSequenceFirstIsProved) {
  Net n;
  ValueId x = n.input("x", {batch(), 5, 8});
  ValueId t = n.b.op("Transpose", {x}, {{"perm", std::vector<int64_t>{1, 0, 2}}});
  ValueId rows = n.size(x, 0);
  ValueId twice = n.b.mul(rows, n.b.ints({2}));
  ValueId heads = n.b.op("Transpose", {n.b.op("Reshape", {t, n.joined({n.b.ints({5}), twice, n.b.ints({4})})})},
                         {{"perm", std::vector<int64_t>{1, 0, 2}}});
  ValueId scores = n.b.op(
      "Softmax", {n.b.op("MatMul", {heads, n.b.op("Transpose", {heads}, {{"perm", std::vector<int64_t>{0, 2, 1}}})})});
  ValueId y = n.b.op("Transpose", {n.b.op("MatMul", {scores, heads})}, {{"perm", std::vector<int64_t>{1, 0, 2}}});
  ValueId flat =
      n.b.op("Gemm", {n.b.op("Reshape", {y, n.joined({n.b.mul(rows, n.b.ints({5})), n.b.ints({8})})}), n.w({8, 8})});
  ValueId back = n.b.op("Reshape", {flat, n.joined({n.b.ints({5}), rows, n.b.ints({8})})});
  EXPECT_EQ(n.prove(n.b.op("Transpose", {back}, {{"perm", std::vector<int64_t>{1, 0, 2}}}), {floats({1, 5, 8})}).why,
            "");
  EXPECT_NE(n.prove(back, {floats({1, 5, 8})}).why.find("do not lie one by one in dimension 0"), std::string::npos);
}

// A class token in front of patches, expanded the way PyTorch writes it: -1 means "as it is".
TEST(RowProof, AnExpandedTokenIsProved) {
  Net n;
  ValueId x = n.input("x", {batch(), 4, 8});
  ValueId wanted = n.joined({n.size(x, 0), n.b.ints({-1}), n.b.ints({-1})});
  ValueId ones = n.b.op("ConstantOfShape", {n.b.ints({3})}, {{"value", Tensor::of<int64_t>({1}, {1})}});
  ValueId same = n.b.op("Equal", {wanted, n.b.op("Mul", {ones, n.number(-1)})});
  ValueId token = n.b.op("Expand", {n.w({1, 1, 8}), n.b.op("Where", {same, ones, wanted})});
  ValueId y = n.b.op("Concat", {token, x}, {{"axis", int64_t{1}}});
  ValueId first = n.b.op("Gather", {attention(n, y), n.number(0)}, {{"axis", int64_t{1}}});
  EXPECT_EQ(n.prove(first, {floats({1, 4, 8})}).why, "");
}

TEST(RowProof, ARecurrentNetworkIsProvedInBothLayouts) {
  for (int64_t layout : {0, 1}) {
    Net n;
    ValueId x = n.input("x", {batch(), 6, 3});
    if (layout == 0) x = n.b.op("Transpose", {x}, {{"perm", std::vector<int64_t>{1, 0, 2}}});
    ValueId zeros = n.b.op("ConstantOfShape", {layout == 0 ? n.joined({n.b.ints({1}), n.size(x, 1), n.b.ints({5})})
                                                           : n.joined({n.size(x, 0), n.b.ints({1, 5})})});
    Values y = n.b.ops("LSTM", {x, n.w({1, 20, 3}), n.w({1, 20, 5}), {}, {}, zeros, zeros}, 3,
                       {{"hidden_size", int64_t{5}}, {"layout", layout}});
    ValueId last = layout == 0 ? n.b.op("Squeeze", {y[1], n.b.ints({0})}) : n.b.op("Squeeze", {y[1], n.b.ints({1})});
    EXPECT_EQ(n.prove(last, {floats({1, 6, 3})}).why, "") << "layout " << layout;
  }
}

struct Mixing {
  const char* what;
  Shape shape;  // beyond the rows
  DType dtype;
  ValueId (*build)(Net&, ValueId);
  const char* says;
};

ValueId cumulative(Net& n, ValueId x) { return n.b.op("CumSum", {x, n.number(0)}); }
ValueId whole_mean(Net& n, ValueId x) { return n.b.sub(x, n.b.op("ReduceMean", {x, n.b.ints({0})})); }
ValueId all_mean(Net& n, ValueId x) { return n.b.sub(x, n.b.op("ReduceMean", {x})); }
ValueId quantized(Net& n, ValueId x) { return n.b.op("DequantizeLinear", n.b.ops("DynamicQuantizeLinear", {x}, 3)); }
ValueId sorted(Net& n, ValueId x) { return n.b.ops("TopK", {x, n.size(x, 0)}, 2, {{"axis", int64_t{0}}})[0]; }
ValueId unique(Net& n, ValueId x) { return n.b.ops("Unique", {x}, 1)[0]; }
ValueId filtered(Net& n, ValueId x) { return n.b.op("Compress", {x, n.b.op("Less", {x, n.b.scalar(0)})}); }
ValueId batch_mean(Net& n, ValueId x) {
  ValueId one = n.w({2});
  return n.b.ops("BatchNormalization", {x, one, one, one, one}, 3, {{"training_mode", int64_t{1}}})[0];
}
ValueId paired(Net& n, ValueId x) {
  return n.b.op("Reshape", {n.b.op("Reshape", {x, n.b.ints({-1, 4})}), n.b.ints({-1, 2})});
}
ValueId turned(Net& n, ValueId x) {
  return n.b.op("Reshape", {n.b.op("Transpose", {x}), n.joined({n.size(x, 0), n.b.ints({2})})});
}
ValueId outer(Net& n, ValueId x) { return n.b.sub(x, n.b.op("Unsqueeze", {x, n.b.ints({1})})); }
ValueId self_product(Net& n, ValueId x) {
  return n.b.op("MatMul", {n.b.op("MatMul", {x, n.b.op("Transpose", {x})}), x});
}
ValueId counted(Net& n, ValueId x) {
  return n.b.div(x, n.b.op("Cast", {n.size(x, 0)}, {{"to", static_cast<int64_t>(DType::f32)}}));
}
ValueId neighbours(Net& n, ValueId x) { return n.b.op("Gather", {x, n.b.ints({0})}); }
ValueId shifted(Net& n, ValueId x) {
  ValueId tail = n.b.op("Slice", {x, n.b.ints({1}), n.b.ints({1 << 30}), n.b.ints({0})});
  return n.b.op("Pad", {tail, n.b.ints({0, 0, 1, 0})});
}
ValueId softmax_down(Net& n, ValueId x) { return n.b.op("Softmax", {x}, {{"axis", int64_t{0}}}); }
ValueId numbered(Net& n, ValueId x) {
  ValueId rows = n.b.op("Gather", {n.b.op("Shape", {x}), n.number(0)});
  return n.b.add(x, n.b.op("Unsqueeze", {n.b.op("Cast", {n.b.op("Range", {n.number(0), rows, n.number(1)})},
                                                {{"to", static_cast<int64_t>(DType::f32)}}),
                                         n.b.ints({1})}));
}
ValueId dropped(Net& n, ValueId x) {
  return n.b.op("Dropout", {x, n.b.scalar(0.5f), n.b.constant(Tensor::scalar(true))});
}
ValueId noisy(Net& n, ValueId x) {
  return n.b.add(x, n.b.op("RandomNormal", {}, {{"shape", std::vector<int64_t>{1, 2}}}));
}
ValueId squeezed(Net& n, ValueId x) { return n.b.op("Squeeze", {x}); }
ValueId tiled(Net& n, ValueId x) { return n.b.op("Tile", {x, n.b.ints({2, 1})}); }
ValueId doubled(Net& n, ValueId x) { return n.b.op("Concat", {x, x}, {{"axis", int64_t{0}}}); }

TEST(RowProof, WhatMixesRowsIsRefusedAndNamed) {
  const Mixing all[] = {
      {"cumulative sum", {2}, DType::f32, cumulative, "CumSum"},
      {"minus the batch's mean", {2}, DType::f32, whole_mean, "folds the rows"},
      {"minus the mean of all", {2}, DType::f32, all_mean, "folds the rows"},
      {"dynamic quantization", {2}, DType::f32, quantized, "DynamicQuantizeLinear"},
      {"sorting", {2}, DType::f32, sorted, "TopK"},
      {"unique", {}, DType::f32, unique, "Unique"},
      {"filter", {}, DType::f32, filtered, "Compress"},
      {"batch normalization in training", {2}, DType::f32, batch_mean, "BatchNormalization"},
      {"pairs of rows", {2}, DType::f32, paired, "Reshape"},
      {"transposed and reshaped", {2}, DType::f32, turned, "Reshape"},
      {"every row with every row", {}, DType::f32, outer, "do not lie in the same place"},
      {"products of rows", {2}, DType::f32, self_product, "multiplies rows"},
      {"divided by the number of rows", {2}, DType::f32, counted, "number of rows"},
      {"the first row", {2}, DType::f32, neighbours, "picks among the rows"},
      {"the next row", {2}, DType::f32, shifted, "cuts the dimension of the rows"},
      {"softmax over rows", {2}, DType::f32, softmax_down, "Softmax"},
      {"numbers of rows", {2}, DType::f32, numbered, "Range"},
      {"dropout", {2}, DType::f32, dropped, "Dropout"},
      {"noise", {2}, DType::f32, noisy, "RandomNormal"},
      {"a squeeze of whatever is 1", {2}, DType::f32, squeezed, "Squeeze"},
      {"every row twice, far apart", {2}, DType::f32, tiled, "do not lie one by one"},
      {"below itself", {2}, DType::f32, doubled, "Concat"},
  };
  for (const Mixing& m : all) {
    SCOPED_TRACE(m.what);
    Net n;
    Dims dims = to_dims(m.shape);
    dims.insert(dims.begin(), batch());
    Shape shape = m.shape;
    shape.insert(shape.begin(), 1);
    RowProof proof = n.prove(m.build(n, n.input("x", dims, m.dtype)), {{m.dtype, shape}});
    EXPECT_FALSE(proof.proved);
    EXPECT_NE(proof.why.find(m.says), std::string::npos) << proof.why;
  }
}

// Nothing is guessed from names: self-attention over a sequence without a batch has one open dimension too.
TEST(RowProof, AttentionOverASequenceAloneIsRefused) {
  Net n;
  ValueId x = n.b.op("Gather", {n.w({50, 8}), n.input("ids", {batch()}, DType::i64)});
  ValueId scores = n.b.op("Softmax", {n.b.op("MatMul", {x, n.b.op("Transpose", {x})})});
  EXPECT_FALSE(n.prove(n.b.op("MatMul", {scores, x}), {{DType::i64, {1}}}).proved);
}

TEST(RowProof, ATableInputAndAScalarAreWhole) {
  Net n;
  ValueId x = n.input("x", {batch(), 3});
  ValueId table = n.input("table", {Dim::named("entries"), 3}), rate = n.input("rate", {});
  ValueId y = n.b.mul(n.b.op("MatMul", {x, n.b.op("Transpose", {table})}), rate);
  RowProof proof = n.prove(y, {floats({1, 3}), floats({4, 3}), floats({})}, {true, false, false});
  EXPECT_EQ(proof.why, "");
  EXPECT_EQ(proof.input_rows, (std::vector<bool>{true, false, false}));
}

TEST(RowProof, AConstantOutputIsWhole) {
  Net n;
  ValueId x = n.input("x", {batch(), 3});
  ValueId y = n.b.op("Relu", {x}), table = n.b.op("Relu", {n.w({4})});
  n.graph.outputs = {y, table};
  RowProof proof = prove_rows(n.graph, std::vector{floats({1, 3})}, {true});
  EXPECT_EQ(proof.why, "");
  EXPECT_EQ(proof.output_rows, (std::vector<bool>{true, false}));
}

struct Pair {
  explicit Pair(Dim first, Dim second) {
    ValueId a = n.input("INPUT0", {std::move(first), 4}), b = n.input("INPUT1", {std::move(second), 4});
    n.graph.outputs = {n.b.add(a, b), n.b.sub(a, b)};
  }
  Net n;
};

TEST(RowAnalysis, InputsOfOtherNamesThatAreProvedToBeOneDimensionMustAgree) {
  for (const auto& [first, second] : {std::pair(Dim(), Dim()), std::pair(Dim::named("unk__1"), Dim::named("unk__2"))}) {
    RowAnalysis rows(Pair(first, second).n.graph);
    Tensor one(DType::f32, {1, 4}), five(DType::f32, {5, 4});
    EXPECT_TRUE(rows.prove(std::vector{five, five})->proved);
    EXPECT_EQ(rows.prove(std::vector{five, five}), rows.prove(std::vector{one, one}));
    EXPECT_TRUE(rows.check_rows(std::vector{five, five}).ok());
    Status apart = rows.check_rows(std::vector{one, five});
    EXPECT_EQ(apart.code(), Code::invalid_argument);
    EXPECT_EQ(apart.message(),
              "input \"INPUT1\" has 5 rows, but input \"INPUT0\" has 1; expected the same number in each");
    EXPECT_FALSE(rows.check_rows(std::vector{five, one}).ok());
  }
}

TEST(RowAnalysis, AnOpenTableIsFoundByTheNameOfTheRows) {
  Net n;
  ValueId ids = n.input("ids", {batch()}, DType::i64);
  ValueId table = n.input("table", {Dim::named("entries"), 3});
  n.graph.outputs = {n.b.op("Gather", {table, ids})};
  RowAnalysis rows(n.graph);
  auto proof = rows.prove(std::vector{Tensor(DType::i64, {2}), Tensor(DType::f32, {7, 3})});
  EXPECT_EQ(proof->why, "");
  EXPECT_EQ(proof->input_rows, (std::vector<bool>{true, false}));
  EXPECT_TRUE(rows.check_rows(std::vector{Tensor(DType::i64, {2}), Tensor(DType::f32, {7, 3})}).ok());
}

// [batch, n] to [-1, 4] keeps rows apart only where n is a multiple of 4.
TEST(RowAnalysis, EverySizeHasAProofOfItsOwn) {
  Net n;
  ValueId x = n.input("x", {batch(), Dim::named("n")});
  ValueId y =
      n.b.op("ReduceSum", {n.b.op("Reshape", {x, n.b.ints({-1, 2, 4})}), n.b.ints({1, 2})}, {{"keepdims", int64_t{0}}});
  n.graph.outputs = {y};
  RowAnalysis rows(n.graph);
  EXPECT_TRUE(rows.prove(std::vector{Tensor(DType::f32, {1, 8})})->proved);
  EXPECT_FALSE(rows.prove(std::vector{Tensor(DType::f32, {4, 2})})->proved);
  EXPECT_FALSE(rows.prove(std::vector{Tensor(DType::f32, {2, 16})})->proved);
}

TEST(RowAnalysis, WithoutAnOpenDimensionNothingIsShared) {
  Net n;
  n.graph.outputs = {n.b.op("Relu", {n.input("x", {1, 3})})};
  RowAnalysis rows(n.graph);
  EXPECT_EQ(rows.prove(std::vector{Tensor(DType::f32, {1, 3})})->why, "no input has an open first dimension");
}

}  // namespace
}  // namespace slipway
