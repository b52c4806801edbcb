// A two-layer LSTM, and the list of all architectures.
#include <cmath>

#include "architectures/architectures.h"
#include "architectures/layers.h"

namespace slipway {
namespace {

constexpr int64_t kSize = 256;

// x [S, N, from] -> [S, N, kSize].
ValueId layer(Layers& l, ValueId x, int64_t from, ValueId zeros) {
  const double deviation = 1 / std::sqrt(3.0 * kSize);  // PyTorch's: uniform in +-1 / sqrt(hidden size)
  Values inputs = {x,
                   l.weights({1, 4 * kSize, from}, deviation),
                   l.weights({1, 4 * kSize, kSize}, deviation),
                   l.weights({1, 8 * kSize}, deviation),
                   {},
                   zeros,
                   zeros};
  Values y = l.builder().ops("LSTM", inputs, 3, {{"hidden_size", kSize}});
  return l.op("Squeeze", {y[0], l.builder().ints({1})});
}

}  // namespace

Result<Graph> lstm(uint64_t seed) {
  constexpr int64_t kSteps = 64, kFeatures = 128;
  Layers l("lstm", seed);
  Builder& b = l.builder();
  ValueId x = l.input("x", DType::f32, {kSteps, kFeatures});
  ValueId shape = l.op("Concat", {b.ints({1}), l.size(x, 0), b.ints({kSize})}, {{"axis", int64_t{0}}});
  ValueId zeros = l.op("ConstantOfShape", {shape}, {{"value", Tensor::of<float>({1}, {0.0f})}});
  ValueId y = layer(l, l.op("Transpose", {x}, {{"perm", Ints{1, 0, 2}}}), kFeatures, zeros);
  y = layer(l, y, kSize, zeros);
  return l.finish(l.op("Transpose", {y}, {{"perm", Ints{1, 0, 2}}}), "y");
}

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = {{"resnet50", resnet50},
                                                {"mobilenet_v2", mobilenet_v2},
                                                {"squeezenet", squeezenet},
                                                {"bert_base", bert_base},
                                                {"gpt2", gpt2},
                                                {"lstm", lstm}};
  return all;
}

}  // namespace slipway
