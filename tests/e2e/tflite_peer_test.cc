// What Slipway writes as .tflite, run by TensorFlow Lite itself: the same answers as the model it was made of.
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "convert/tflite_lowering.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "optimize/pass.h"
#include "runtime/session.h"
#include "support/peers.h"

namespace slipway {
namespace {

Tensor random_tensor(Shape shape, uint64_t seed, double scale = 1) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(scale * random.normal());
  return t;
}

// 784 -> 128 (relu) -> 10 (softmax)
Graph digits_classifier() {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("pixels", DType::f32, Dims{Dim::named("batch"), 784});
  auto weight = [&](Shape shape, uint64_t seed) {
    // Columns of unlike size tell scales by channel from one scale.
    Tensor w = random_tensor(shape, seed, 0.02);
    for (int64_t i = 0; i < w.count(); ++i)
      w.mutable_data<float>()[static_cast<size_t>(i)] *= static_cast<float>(1 + i % 4);
    return b.constant(w, "w");
  };
  ValueId h = b.op("Relu", {b.op("Gemm", {x, weight({784, 128}, 1), weight({128}, 2)})});
  graph.outputs = {b.op("Softmax", {b.op("Gemm", {h, weight({128, 10}, 3), weight({10}, 4)})})};
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  return graph;
}

// Two convolutions (one depthwise), pools, a residual addition, a dense layer.
Graph image_classifier() {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("image", DType::f32, Dims{Dim::named("batch"), 3, 16, 16});
  auto weight = [&](Shape shape, uint64_t seed) { return b.constant(random_tensor(std::move(shape), seed, 0.3), "w"); };
  std::vector<int64_t> ones{1, 1, 1, 1}, three{3, 3}, two{2, 2};
  ValueId a = b.op(
      "Relu", {b.op("Conv", {x, weight({8, 3, 3, 3}, 1), weight({8}, 2)}, {{"pads", ones}, {"kernel_shape", three}})});
  ValueId p = b.op("MaxPool", {a}, {{"kernel_shape", two}, {"strides", two}});
  ValueId d = b.op("Conv", {p, weight({8, 1, 3, 3}, 3), weight({8}, 4)},
                   {{"pads", ones}, {"kernel_shape", three}, {"group", int64_t{8}}});
  ValueId s = b.op("Relu", {b.add(d, p)});
  ValueId v = b.op("AveragePool", {s}, {{"kernel_shape", two}, {"strides", two}});
  ValueId f = b.op("Flatten", {v});
  graph.outputs = {b.op("Gemm", {f, weight({128, 5}, 5), weight({5}, 6)})};
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  return graph;
}

// Largest difference between `reference` here and `model`, written as .tflite, in TensorFlow Lite; negative when that
// is not installed.
double difference_in_tflite(const Graph& reference, const Graph& model, const Tensor& x) {
  Result<TfliteModel> lowered = lower_to_tflite(model);
  EXPECT_TRUE(lowered.ok()) << lowered.status().message();
  if (!lowered.ok()) return 1e9;
  Result<std::string> bytes = write_tflite(*lowered);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  TemporaryDirectory folder;
  auto path = folder.path() / "model.tflite";
  EXPECT_TRUE(write_file_atomic(path, *bytes).ok());
  Result<std::vector<Tensor>> theirs = run_in_tflite(path, {x});
  if (theirs.status().code() == Code::unavailable) return -1;
  EXPECT_TRUE(theirs.ok()) << theirs.status().message() << "\n" << to_text(lowered->graph);
  auto session = Session::create(reference);
  EXPECT_TRUE(session.ok()) << session.status().message();
  auto ours = (*session)->run(std::vector<Tensor>{x});
  EXPECT_TRUE(ours.ok()) << ours.status().message();
  if (!theirs.ok() || !ours.ok()) return 1e9;
  Result<Difference> difference = compare((*theirs)[0], (*ours)[0], 0, 0);
  EXPECT_TRUE(difference.ok()) << difference.status().message();
  return difference.ok() ? difference->max_absolute : 1e9;
}

Graph quantized(const Graph& graph, const char* pass, const Shape& batch, double scale) {
  Graph result = graph;
  EXPECT_TRUE(infer_types(result).ok());
  PassOptions options;
  for (uint64_t i = 0; i < 4; ++i) options.samples.push_back({random_tensor(batch, 50 + i, scale)});
  auto changed = find_pass(pass)->apply(result, options);
  EXPECT_TRUE(changed.ok()) << changed.status().message();
  return result;
}

#define EXPECT_CLOSE(expression, bound)                                     \
  do {                                                                      \
    double difference = expression;                                         \
    if (difference < 0) GTEST_SKIP() << "TensorFlow Lite is not installed"; \
    EXPECT_LE(difference, bound);                                           \
  } while (false)

TEST(TflitePeer, DenseClassifier) {
  Graph graph = digits_classifier();
  EXPECT_CLOSE(difference_in_tflite(graph, graph, random_tensor({4, 784}, 9)), 1e-5);
}

TEST(TflitePeer, ImageClassifier) {
  Graph graph = image_classifier();
  EXPECT_CLOSE(difference_in_tflite(graph, graph, random_tensor({3, 3, 16, 16}, 9)), 1e-3);
}

TEST(TflitePeer, ImageClassifierInInt8IsAsOurs) {
  Graph graph = quantized(image_classifier(), "quantize_static", {8, 3, 16, 16}, 1);
  auto session = Session::create(graph);
  ASSERT_TRUE(session.ok());
  Tensor x = random_tensor({4, 3, 16, 16}, 9);
  auto ours = (*session)->run(std::vector<Tensor>{x});
  ASSERT_TRUE(ours.ok());
  double largest = 0;
  for (float y : (*ours)[0].data<float>()) largest = std::max(largest, std::abs(static_cast<double>(y)));
  // Roundings of the integer kernels differ by a step here and there, in 255 of them.
  EXPECT_CLOSE(difference_in_tflite(graph, graph, x), 6 * 2 * largest / 255);
}

TEST(TflitePeer, DenseClassifierInInt8IsAsOurs) {
  Graph graph = quantized(digits_classifier(), "quantize_static", {8, 784}, 1);
  EXPECT_CLOSE(difference_in_tflite(graph, graph, random_tensor({4, 784}, 9)), 0.01);
}

TEST(TflitePeer, DynamicallyQuantizedClassifierIsHybrid) {
  Graph graph = digits_classifier();
  Graph small = quantized(graph, "quantize_dynamic", {8, 784}, 1);
  EXPECT_CLOSE(difference_in_tflite(graph, small, random_tensor({4, 784}, 9)), 0.02);
}

// Images and filters have scales, the answer has none, as ONNX Runtime's quantizer leaves the last layer.
TEST(TflitePeer, QuantizedConvolutionWithFloatAnswers) {
  for (bool by_channel : {false, true}) {
    Graph graph;
    Builder b(graph, all_operators());
    ValueId x = graph.add_input("image", DType::f32, Dims{1, 3, 6, 6});
    const ValueId scale = b.scalar(0.02f), zero = b.constant(Tensor::scalar<int8_t>(3), "zero");
    Tensor filter(DType::i8, {4, 3, 3, 3});
    Random random(5);
    for (int8_t& v : filter.mutable_data<int8_t>()) v = static_cast<int8_t>(random.below(255) - 127);
    const ValueId steps =
        by_channel ? b.constant(Tensor::of<float>({4}, {0.01f, 0.02f, 0.01f, 0.03f}), "steps") : b.scalar(0.01f);
    ValueId w = b.op("DequantizeLinear", {b.constant(filter, "w"), steps}, {{"axis", int64_t{0}}});
    ValueId images = b.op("DequantizeLinear", {b.op("QuantizeLinear", {x, scale, zero}), scale, zero});
    ValueId bias = b.constant(Tensor::of<float>({4}, {0.5f, -1, 2, 0}), "bias");
    graph.outputs = {b.op("Conv", {images, w, bias}, {{"pads", std::vector<int64_t>{1, 1, 1, 1}}})};
    ASSERT_TRUE(b.status().ok()) << b.status().message();
    EXPECT_CLOSE(difference_in_tflite(graph, graph, random_tensor({1, 3, 6, 6}, 9)), 1e-4);
  }
}

}  // namespace
}  // namespace slipway
