// Tests of the passes: literal weights, bytes, numbers through sessions.
#include "optimize/optimize.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "graph/replace_value.h"
#include "ops/all.h"
#include "optimize/layers.h"
#include "runtime/session.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Tensor random_tensor(Shape shape, uint64_t seed, double scale) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(scale * random.normal());
  return t;
}

// x [batch, 32] -> Gemm 64 -> Relu -> Gemm 10 -> Softmax
Graph model() {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("batch"), 32});
  auto weight = [&](const char* name, Shape shape, uint64_t seed, double scale) {
    return b.constant(random_tensor(std::move(shape), seed, scale), name);
  };
  ValueId h = b.op("Relu", {b.op("Gemm", {x, weight("w1", {32, 64}, 1, 0.2), weight("b1", {64}, 2, 0.1)})});
  ValueId y = b.op("Gemm", {h, weight("w2", {10, 64}, 3, 0.2), weight("b2", {10}, 4, 0.1)}, {{"transB", int64_t{1}}});
  ValueId p = b.op("Softmax", {y});
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  ValueId named = graph.add_value("p");
  replace_value(graph, p, named);
  graph.outputs = {named};
  return graph;
}

Tensor run(const Graph& graph, const Tensor& x) {
  auto session = Session::create(graph);
  EXPECT_TRUE(session.ok()) << session.status().message();
  auto outputs = (*session)->run(std::vector<Tensor>{x});
  EXPECT_TRUE(outputs.ok()) << outputs.status().message();
  return outputs.ok() ? (*outputs)[0] : Tensor();
}

double largest_difference(const Tensor& a, const Tensor& b) {
  auto difference = compare(a, b, 0, 0);
  EXPECT_TRUE(difference.ok()) << difference.status().message();
  return difference.ok() ? difference->max_absolute : INFINITY;
}

const Tensor& constant(const Graph& graph, const char* name) { return graph.value(graph.find(name)).data; }

TEST(Prune, TheSmallestOfEachLayerBecomeZeroAndTheMaskSaysWhich) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{1, 2});
  ValueId w = b.constant(Tensor::of<float>({2, 3}, {0.1f, -3, 2, -0.2f, 0.3f, 5}), "w");
  graph.outputs = {b.op("MatMul", {x, w})};
  Graph untouched = graph;
  auto result = find_pass("prune")->apply(graph, {.fraction = 0.5});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->changed, 3);
  EXPECT_THAT(constant(graph, "w").data<float>(), ElementsAre(0, -3, 2, 0, 0, 5));
  EXPECT_THAT(result->masks.at("w").data<float>(), ElementsAre(0, 1, 1, 0, 0, 1));
  EXPECT_EQ(constant(untouched, "w").data<float>()[0], 0.1f) << "copies of the graph share weights";
}

TEST(Prune, GloballyALayerOfSmallWeightsLosesMore) {
  Graph graph = model();
  for (float& w : graph.value(graph.find("w2")).data.mutable_data<float>()) w *= 0.01f;
  auto result = find_pass("prune")->apply(graph, {.fraction = 0.25, .global = true});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->changed, (32 * 64 + 64 * 10) / 4);
  EXPECT_GT(std::ranges::count(constant(graph, "w2").data<float>(), 0.f), 600);
}

TEST(Prune, AFractionOutOfRangeIsRefused) {
  Graph graph = model();
  auto result = find_pass("prune")->apply(graph, {.fraction = 1.5});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("1.5"));
}

TEST(QuantizeWeight, ScalesByChannel) {
  Tensor w = Tensor::of<float>({2, 3}, {1.27f, 0, -0.635f, 0, 0, 0});
  optimize::Int8Weight rows = optimize::quantize_weight(w, 0);
  EXPECT_THAT(rows.data.data<int8_t>(), ElementsAre(127, 0, -64, 0, 0, 0));
  EXPECT_FLOAT_EQ(rows.scale[0], 0.01f);
  EXPECT_FLOAT_EQ(rows.scale[1], 1.f);
  optimize::Int8Weight columns = optimize::quantize_weight(w, 1);
  EXPECT_THAT(columns.data.data<int8_t>(), ElementsAre(127, 0, -127, 0, 0, 0));
}

// What a pass must hold: int8 initializers, at most 30 % of the bytes, nearly the same answers.
void expect_small_and_close(const Graph& quantized) {
  Graph original = model();
  EXPECT_LT(static_cast<double>(constant_bytes(quantized)), 0.36 * static_cast<double>(constant_bytes(original)));
  Tensor x = random_tensor({16, 32}, 9, 1);
  EXPECT_LT(largest_difference(run(quantized, x), run(original, x)), 0.05);
  bool stored = false;
  for (size_t v = 0; v < quantized.value_count(); ++v) {
    const Value& value = quantized.value({static_cast<int32_t>(v)});
    EXPECT_FALSE(value.dtype == DType::f32 && value.data.defined() && value.data.rank() == 2) << value.name;
    stored = stored || (value.data.defined() && value.dtype == DType::i8 && value.data.count() == 32 * 64);
  }
  EXPECT_TRUE(stored);
  EXPECT_EQ(quantized.value(quantized.outputs[0]).name, "p");
  EXPECT_EQ(quantized.value(quantized.inputs[0]).name, "x");
}

TEST(QuantizeDynamic, StoresInt8AndAnswersAlike) {
  Graph graph = model();
  auto result = find_pass("quantize_dynamic")->apply(graph, {});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->skipped.empty());
  EXPECT_EQ(result->changed, 32 * 64 + 64 * 10);
  expect_small_and_close(graph);
}

TEST(QuantizeStatic, StoresInt8AndAnswersAlike) {
  for (auto method : {CalibrationOptions::Method::min_max, CalibrationOptions::Method::percentile}) {
    Graph graph = model();
    PassOptions options;
    options.calibrate.method = method;
    for (uint64_t i = 0; i < 4; ++i) options.samples.push_back({random_tensor({32, 32}, 20 + i, 1)});
    auto result = find_pass("quantize_static")->apply(graph, options);
    ASSERT_TRUE(result.ok()) << result.status().message();
    expect_small_and_close(graph);
  }
}

// Entropy clips the largest values, so that single answers may be further off, but not most.
TEST(QuantizeStatic, ByEntropyAnswersAlike) {
  Graph graph = model();
  PassOptions options;
  options.calibrate.method = CalibrationOptions::Method::entropy;
  for (uint64_t i = 0; i < 4; ++i) options.samples.push_back({random_tensor({32, 32}, 20 + i, 1)});
  ASSERT_TRUE(find_pass("quantize_static")->apply(graph, options).ok());
  auto judge = AnswerJudge::create(model(), {{random_tensor({64, 32}, 9, 1)}});
  ASSERT_TRUE(judge.ok()) << judge.status().message();
  auto likeness = judge->judge(graph);
  ASSERT_TRUE(likeness.ok()) << likeness.status().message();
  EXPECT_GT(likeness->cosine, 0.995);
  EXPECT_GT(*likeness->explained, 0.98);
}

TEST(QuantizeStatic, WithoutSamplesIsRefused) {
  Graph graph = model();
  auto result = find_pass("quantize_static")->apply(graph, {});
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("at least one batch"));
}

TEST(Calibrate, ThresholdsOfAHistogram) {
  ValueHistogram histogram{10, std::vector<int64_t>(1000, 0)};
  for (size_t i = 0; i < 500; ++i) histogram.bins[i] = 100;
  histogram.bins[999] = 1;  // one far outlier
  EXPECT_NEAR(percentile_threshold(histogram, 99.9), 5, 0.02);
  EXPECT_EQ(percentile_threshold(histogram, 100), 10);
}

// Magnitudes that fall off exponentially, and one far outlier: fine steps where the mass is are worth more than it.
TEST(Calibrate, EntropyClipsTheTail) {
  ValueHistogram histogram{10, {}};
  for (int i = 0; i < 999; ++i) histogram.bins.push_back(static_cast<int64_t>(1e6 * std::exp(-i / 40.0)));
  histogram.bins.push_back(1);
  EXPECT_NEAR(entropy_threshold(histogram), 4.2, 0.3);
}

// Half of all values behind a ReLU are zeros, which are exact at every scale: they must not decide.
TEST(Calibrate, EntropyOfReluOutputsIsNotDrawnToZero) {
  ValueHistogram histogram{4.5, {}};
  for (int i = 0; i < 2048; ++i) {
    const double x = 4.5 * (i + 0.5) / 2048;
    histogram.bins.push_back(static_cast<int64_t>(1e6 * std::exp(-x * x / 2)));
  }
  const double without = entropy_threshold(histogram);
  histogram.bins[0] += 600'000'000;
  EXPECT_EQ(entropy_threshold(histogram), without);
  EXPECT_GT(without, 3.5);
}

TEST(Calibrate, EntropyFarFromZeroKeepsEverything) {
  ValueHistogram histogram{101, std::vector<int64_t>(2048, 0)};
  for (size_t i = 2028; i < 2048; ++i) histogram.bins[i] = 10'000;  // 100 to 101
  EXPECT_EQ(entropy_threshold(histogram), 101);
  ValueHistogram two{5, std::vector<int64_t>(2048, 0)};
  two.bins[410] = two.bins[2047] = 1000;  // half at 1, half at 5
  EXPECT_EQ(entropy_threshold(two), 5);
  histogram.bins[0] = 200'000;  // and as many zeros
  EXPECT_EQ(entropy_threshold(histogram), 101);
}

// y = x W + b over calibrated x, whose quantized form is compared at x.
Tensor quantized_gemm(const Tensor& x, const Tensor& w, const Tensor& b, std::vector<std::string>* skipped = nullptr) {
  Graph graph;
  Builder builder(graph, all_operators());
  ValueId in = graph.add_input("x", DType::f32, Dims{Dim::named("batch"), x.dim(1)});
  graph.outputs = {builder.op("Gemm", {in, builder.constant(w, "w"), builder.constant(b, "b")})};
  PassOptions options;
  options.samples = {{x}};
  auto result = find_pass("quantize_static")->apply(graph, options);
  EXPECT_TRUE(result.ok()) << result.status().message();
  if (skipped != nullptr && result.ok()) *skipped = result->skipped;
  return run(graph, x);
}

// 8.2 / (scale of x · 1e-9 / 127) is far above 2^31.
TEST(QuantizeStatic, ABiasBesideTinyWeightsIsKept) {
  Tensor x = Tensor::of<float>({2, 2}, {1, -1, 0.5f, 0.25f});
  Tensor y = quantized_gemm(x, Tensor::of<float>({2, 2}, {1, 1e-9f, 2, -1e-9f}), Tensor::of<float>({2}, {0.5f, 8.2f}));
  for (size_t row : {size_t{0}, size_t{1}}) EXPECT_NEAR(y.data<float>()[2 * row + 1], 8.2f, 0.05f);
  EXPECT_NEAR(y.data<float>()[0], -0.5f, 0.05f);
  EXPECT_NEAR(y.data<float>()[2], 1.5f, 0.05f);
}

TEST(QuantizeStatic, ABiasBesideTinyInputsIsKept) {
  for (float size : {1e-6f, 1e-20f, 1e-39f}) {
    Tensor x = Tensor::of<float>({2, 2}, {size, -size, size / 2, size / 4});
    Tensor y = quantized_gemm(x, Tensor::of<float>({2, 2}, {1, 1, 2, -1}), Tensor::of<float>({2}, {1, -0.5f}));
    for (size_t row : {size_t{0}, size_t{1}}) {
      EXPECT_NEAR(y.data<float>()[2 * row], 1, 0.01f) << size;
      EXPECT_NEAR(y.data<float>()[2 * row + 1], -0.5f, 0.01f) << size;
    }
  }
}

TEST(QuantizeStatic, ABiasOfOneNumberForAllChannelsIsLeftFloat) {
  std::vector<std::string> skipped;
  Tensor y = quantized_gemm(Tensor::of<float>({1, 2}, {1, 1}), Tensor::of<float>({2, 2}, {1, 2, 3, 4}),
                            Tensor::of<float>({1}, {0.5f}), &skipped);
  EXPECT_THAT(y.data<float>(), ElementsAre(4.5f, 6.5f));
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_THAT(skipped[0], HasSubstr("no constant vector of 2 numbers"));
}

TEST(QuantizeWeight, SubnormalWeightsHaveAScale) {
  Tensor w = Tensor::of<float>({2, 1}, {1e-40f, 1});
  optimize::Int8Weight rows = optimize::quantize_weight(w, 0);
  EXPECT_GT(rows.scale[0], 0);
  EXPECT_EQ(rows.data.data<int8_t>()[0], 0);
  EXPECT_EQ(rows.data.data<int8_t>()[1], 127);
}

TEST(Prune, TransposedConvolutionsAndBothWeightsOfRecurrentLayersCount) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{1, 2, 4, 4});
  ValueId y = b.op("ConvTranspose", {x, b.constant(random_tensor({2, 3, 2, 2}, 1, 1), "up")});
  ValueId s = graph.add_input("s", DType::f32, Dims{5, 1, 2});
  ValueId w = b.constant(random_tensor({1, 16, 2}, 2, 1), "w");
  ValueId r = b.constant(random_tensor({1, 16, 4}, 3, 1), "r");
  ValueId h = b.ops("LSTM", {s, w, r}, 1, {{"hidden_size", int64_t{4}}})[0];
  ValueId left =
      b.op("MatMul", {b.constant(random_tensor({4, 5}, 4, 1), "first"), b.op("Reshape", {h, b.ints({5, 4})})});
  ValueId ids = graph.add_input("ids", DType::i64, Dims{3});
  ValueId rows = b.op("Gather", {b.constant(random_tensor({7, 3}, 5, 1), "table"), ids});
  graph.outputs = {y, left, rows};
  ASSERT_TRUE(b.status().ok()) << b.status().message();
  auto result = find_pass("prune")->apply(graph, {.fraction = 0.5});
  ASSERT_TRUE(result.ok()) << result.status().message();
  for (auto [name, count] : {std::pair("up", 24), {"w", 32}, {"r", 64}, {"first", 20}}) {
    EXPECT_EQ(std::ranges::count(constant(graph, name).data<float>(), 0.f), count / 2) << name;
  }
  EXPECT_EQ(std::ranges::count(constant(graph, "table").data<float>(), 0.f), 0);
  ASSERT_EQ(result->skipped.size(), 1u);
  EXPECT_THAT(result->skipped[0], HasSubstr("Gather"));
}

// What has weights and no int8 form is told, not passed over.
TEST(Layers, EveryOperatorWithWeightsIsALayerOrSaysWhyNot) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{1, 2, 4, 4});
  graph.outputs = {b.op("ConvTranspose", {x, b.constant(random_tensor({2, 3, 2, 2}, 1, 1), "up")})};
  std::vector<std::string> skipped;
  EXPECT_TRUE(optimize::layers(graph, &skipped).empty());
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_THAT(skipped[0], HasSubstr("ConvTranspose"));
  EXPECT_THAT(skipped[0], HasSubstr("no int8 form"));
  OptimizeOptions options;
  options.quantize = "dynamic";
  auto optimized = optimize_model(graph, options, SystemClock());
  ASSERT_FALSE(optimized.ok());
  EXPECT_THAT(optimized.status().message(), HasSubstr("nothing in the model can be made smaller"));
}

TEST(QuantizeDynamic, ConvolutionsStayFloat) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{1, 2, 4, 4});
  ValueId c = b.op("Conv", {x, b.constant(random_tensor({3, 2, 3, 3}, 1, 1), "filters")});
  graph.outputs = {b.op("MatMul", {b.op("Flatten", {c}), b.constant(random_tensor({12, 5}, 2, 1), "w")})};
  auto result = find_pass("quantize_dynamic")->apply(graph, {});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->changed, 60);
  ASSERT_EQ(result->skipped.size(), 1u);
  EXPECT_THAT(result->skipped[0], HasSubstr("a convolution is faster in float"));
  std::vector<std::string> kinds;
  for (const Node& node : graph.nodes()) kinds.push_back(node.op_type);
  EXPECT_THAT(kinds, ::testing::Contains("Conv"));
  EXPECT_THAT(kinds, ::testing::Contains("MatMulInteger"));
}

TEST(OptimizeModel, ReportsEveryStep) {
  OptimizeOptions options;
  options.prune = 0.5;
  options.quantize = "dynamic";
  options.latency_runs = 3;
  options.evaluate = [](const Graph&) -> Result<Score> { return Score{"accuracy", 0.5, true}; };
  bool tuned = false;
  options.fine_tune = [&](const Graph& graph, const Masks& masks) -> Result<Graph> {
    tuned = masks.contains("w1") && masks.contains("w2");
    return graph;
  };
  auto optimized = optimize_model(model(), options, SystemClock());
  ASSERT_TRUE(optimized.ok()) << optimized.status().message();
  EXPECT_TRUE(tuned);
  std::vector<std::string> steps;
  for (const Measurement& m : optimized->report.steps) steps.push_back(m.step);
  EXPECT_THAT(steps, ElementsAre("original", "pruned", "fine-tuned", "quantized (dynamic)"));
  EXPECT_GE(optimized->report.steps[3].zero_weights, (32 * 64 + 640) / 2);
  EXPECT_LT(optimized->report.steps[3].bytes, optimized->report.steps[0].bytes * 36 / 100);
  auto again = optimize_model(optimized->graph, options, SystemClock());
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.status().message(), HasSubstr("quantized already"));
}

}  // namespace
}  // namespace slipway
