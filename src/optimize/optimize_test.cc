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

TEST(OptimizeModel, ReportsEveryStep) {
  OptimizeOptions options;
  options.prune = 0.5;
  options.quantize = "dynamic";
  options.latency_runs = 3;
  options.evaluate = [](const Graph&) -> Result<double> { return 0.5; };
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
