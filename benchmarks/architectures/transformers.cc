// BERT-base and GPT-2, without dropout.
#include <cmath>

#include "architectures/architectures.h"
#include "architectures/layers.h"

namespace slipway {
namespace {

constexpr int64_t kLayers = 12, kSize = 768, kHeads = 12, kHeadSize = kSize / kHeads, kSteps = 128;

// [N, S, size] -> [N, heads, S, size of a head], its last two dimensions swapped when asked.
ValueId heads(Layers& l, ValueId x, bool swapped = false) {
  x = l.view(x, 2, {kHeads, kHeadSize});
  return l.op("Transpose", {x}, {{"perm", swapped ? Ints{0, 2, 3, 1} : Ints{0, 2, 1, 3}}});
}

// And back, of softmax(scores) V.
ValueId weigh(Layers& l, ValueId scores, ValueId v) {
  ValueId y = l.op("MatMul", {l.op("Softmax", {scores}, {{"axis", int64_t{-1}}}), v});
  return l.view(l.op("Transpose", {y}, {{"perm", Ints{0, 2, 1, 3}}}), 2, {kSize});
}

// Word and position embeddings, [N, S, size].
ValueId embed(Layers& l, ValueId ids, int64_t words, int64_t positions) {
  Tensor numbers(DType::i64, {1, kSteps});
  for (int64_t i = 0; i < kSteps; ++i) numbers.mutable_data<int64_t>()[static_cast<size_t>(i)] = i;
  ValueId word = l.op("Gather", {l.weights({words, kSize}, 0.5), ids});
  ValueId position = l.op("Gather", {l.weights({positions, kSize}, 0.5), l.builder().constant(numbers)});
  return l.op("Add", {word, position});
}

// 0 where mask is 1, -10000 where it is 0: [N, 1, 1, S].
ValueId score_mask(Layers& l, ValueId mask) {
  mask = l.op("Unsqueeze", {mask, l.builder().ints({1})});
  mask = l.op("Unsqueeze", {mask, l.builder().ints({2})});
  mask = l.op("Cast", {mask}, {{"to", int64_t{1}}});
  return l.op("Mul", {l.op("Sub", {l.builder().scalar(1), mask}), l.builder().scalar(-10000)});
}

// 0.5 x (1 + erf(x / sqrt(2))), in the exporter's words.
ValueId gelu_erf(Layers& l, ValueId x) {
  ValueId erf = l.op("Erf", {l.op("Div", {x, l.builder().scalar(std::sqrt(2.0f))})});
  ValueId product = l.op("Mul", {x, l.op("Add", {erf, l.builder().scalar(1)})});
  return l.op("Mul", {product, l.builder().scalar(0.5f)});
}

// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), in the exporter's words.
ValueId gelu_tanh(Layers& l, ValueId x) {
  Builder& b = l.builder();
  ValueId half = l.op("Mul", {x, b.scalar(0.5f)});
  ValueId cube = l.op("Mul", {l.op("Pow", {x, b.scalar(3)}), b.scalar(0.044715f)});
  ValueId inner = l.op("Mul", {l.op("Add", {x, cube}), b.scalar(0.7978845608028654f)});
  return l.op("Mul", {half, l.op("Add", {l.op("Tanh", {inner}), b.scalar(1)})});
}

ValueId bert_layer(Layers& l, ValueId x, ValueId mask) {
  ValueId q = l.linear(x, kSize, kSize), k = l.linear(x, kSize, kSize), v = l.linear(x, kSize, kSize);
  ValueId scores = l.op("MatMul", {heads(l, q), heads(l, k, true)});
  scores = l.op("Div", {scores, l.builder().scalar(std::sqrt(static_cast<float>(kHeadSize)))});
  ValueId y = weigh(l, l.op("Add", {scores, mask}), heads(l, v));
  x = l.layer_normalization(l.op("Add", {l.linear(y, kSize, kSize), x}), kSize, 1e-12f);
  y = l.linear(gelu_erf(l, l.linear(x, kSize, 4 * kSize)), 4 * kSize, kSize);
  return l.layer_normalization(l.op("Add", {y, x}), kSize, 1e-12f);
}

// x W + b as Gemm between two Reshapes (the "Conv1D" of GPT-2).
ValueId flat_linear(Layers& l, ValueId x, int64_t from, int64_t to) {
  ValueId flat = l.op("Reshape", {x, l.builder().ints({-1, from})}, {{"allowzero", int64_t{0}}});
  ValueId w = l.weights({from, to}, 1 / std::sqrt(static_cast<double>(from)));
  ValueId y = l.op("Gemm", {flat, w, l.weights({to}, 0.02)}, {{"alpha", 1.0f}, {"beta", 1.0f}});
  ValueId shape = l.op("Concat", {l.size(x, 0), l.size(x, 1), l.builder().ints({to})}, {{"axis", int64_t{0}}});
  return l.op("Reshape", {y, shape}, {{"allowzero", int64_t{0}}});
}

// The rows and columns of `triangle` [1, 1, positions, positions] that scores of q and k have.
ValueId causal_mask(Layers& l, ValueId triangle, ValueId q, ValueId k) {
  Builder& b = l.builder();
  ValueId queries = l.size(q, -2), keys = l.size(k, -2);
  ValueId rows = l.op("Slice", {triangle, l.op("Sub", {keys, queries}), keys, b.ints({2}), b.ints({1})});
  return l.op("Slice", {rows, b.ints({0}), keys, b.ints({3}), b.ints({1})});
}

ValueId gpt2_layer(Layers& l, ValueId x, ValueId triangle) {
  Builder& b = l.builder();
  ValueId qkv = flat_linear(l, l.layer_normalization(x, kSize, 1e-5f), kSize, 3 * kSize);
  Values parts = b.ops("Split", {qkv, b.ints({kSize, kSize, kSize})}, 3, {{"axis", int64_t{2}}});
  ValueId q = heads(l, parts[0]), k = heads(l, parts[1]), v = heads(l, parts[2]);
  ValueId keys = l.op("Transpose", {k}, {{"perm", Ints{0, 1, 3, 2}}});
  ValueId scores = l.op("Div", {l.op("MatMul", {q, keys}), b.scalar(std::sqrt(static_cast<float>(kHeadSize)))});
  scores = l.op("Where", {causal_mask(l, triangle, q, k), scores, b.scalar(std::numeric_limits<float>::lowest())});
  x = l.op("Add", {flat_linear(l, weigh(l, scores, v), kSize, kSize), x});
  ValueId y = flat_linear(l, l.layer_normalization(x, kSize, 1e-5f), kSize, 4 * kSize);
  return l.op("Add", {x, flat_linear(l, gelu_tanh(l, y), 4 * kSize, kSize)});
}

}  // namespace

Result<Graph> bert_base(uint64_t seed) {
  Layers l("bert_base", seed);
  ValueId ids = l.input("input_ids", DType::i64, {kSteps});
  ValueId mask = score_mask(l, l.input("attention_mask", DType::i64, {kSteps}));
  ValueId x = l.layer_normalization(embed(l, ids, 30522, 512), kSize, 1e-12f);
  for (int64_t i = 0; i < kLayers; ++i) x = bert_layer(l, x, mask);
  return l.finish(x, "last_hidden_state");
}

Result<Graph> gpt2(uint64_t seed) {
  constexpr int64_t kPositions = 1024;
  Layers l("gpt2", seed);
  ValueId x = embed(l, l.input("input_ids", DType::i64, {kSteps}), 50257, kPositions);
  Tensor lower(DType::boolean, {1, 1, kPositions, kPositions});
  for (int64_t i = 0; i < kPositions; ++i) {
    for (int64_t j = 0; j <= i; ++j) lower.mutable_data<bool>()[static_cast<size_t>(i * kPositions + j)] = true;
  }
  ValueId triangle = l.builder().constant(lower);
  for (int64_t i = 0; i < kLayers; ++i) x = gpt2_layer(l, x, triangle);
  return l.finish(l.layer_normalization(x, kSize, 1e-5f), "last_hidden_state");
}

}  // namespace slipway
