// Tests of what judges an optimized model: likeness, latency, looking back, the verdict. Right values by hand.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "optimize/look_back.h"
#include "optimize/verdict.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// y = x W for x [rows, 2]
Graph product(const std::vector<float>& w) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("rows"), 2});
  graph.outputs = {b.op("MatMul", {x, b.constant(Tensor::of<float>({2, 2}, w))})};
  return graph;
}

Likeness likeness(const std::vector<float>& changed, const std::vector<float>& x = {1, 2, 3, 4}) {
  auto judge = AnswerJudge::create(product({1, 0, 0, 1}), {{Tensor::of<float>({2, 2}, x)}});
  EXPECT_TRUE(judge.ok()) << judge.status().message();
  auto found = judge->judge(product(changed));
  EXPECT_TRUE(found.ok()) << found.status().message();
  return *found;
}

TEST(Likeness, OfTheSameModelIsWhole) {
  Likeness same = likeness({1, 0, 0, 1});
  EXPECT_DOUBLE_EQ(same.cosine, 1);
  EXPECT_TRUE(std::isinf(same.snr_db));
  EXPECT_EQ(same.explained, 1);
  EXPECT_EQ(same.agreement, 1);
}

TEST(Likeness, ByHand) {
  // (1, 2), (3, 4) become (2, 1), (4, 3): a·b = 28, |a|² = |b|² = 30, sum (a - b)² = 4, variation about (2, 3) = 4.
  Likeness swapped = likeness({0, 1, 1, 0});
  EXPECT_NEAR(swapped.cosine, 28.0 / 30, 1e-12);
  EXPECT_NEAR(swapped.snr_db, 10 * std::log10(7.5), 1e-12);
  EXPECT_NEAR(*swapped.explained, 0, 1e-12);
  EXPECT_EQ(swapped.agreement, 0);
  Likeness doubled = likeness({2, 0, 0, 2});
  EXPECT_NEAR(doubled.cosine, 1, 1e-12);
  EXPECT_NEAR(doubled.snr_db, 0, 1e-12);
  EXPECT_NEAR(*doubled.explained, -6.5, 1e-12);
  EXPECT_EQ(doubled.agreement, 1);
}

TEST(Likeness, OfZerosAndOfNan) {
  EXPECT_EQ(likeness({0, 0, 0, 0}).cosine, 0);
  EXPECT_EQ(likeness({0, 0, 0, 0}, {0, 0, 0, 0}).cosine, 1);
  EXPECT_FALSE(likeness({1, 0, 0, 1}, {5, 6, 5, 6}).explained.has_value()) << "rows are alike";
  EXPECT_TRUE(std::isnan(likeness({NAN, 0, 0, 1}).cosine));
}

TEST(Latency, OfPairs) {
  const std::vector<int64_t> before = {1000, 1000, 1000, 9000, 1000}, after = {3000, 2000, 2000, 9000, 9000};
  const PairedLatency found = paired_latency(before, after);
  EXPECT_DOUBLE_EQ(found.before_us, 1);
  EXPECT_DOUBLE_EQ(found.after_us, 3);
  EXPECT_DOUBLE_EQ(found.sure_ratio, 2) << "of 1, 2, 2, 3, 9";
}

TEST(Latency, OnlyWhatIsClearlySlowerCounts) {
  EXPECT_TRUE(clearly_slower({100, 150, 1.4}));
  EXPECT_FALSE(clearly_slower({100, 115, 1.12})) << "less than a fifth";
  EXPECT_FALSE(clearly_slower({10, 25, 2.4})) << "15 us do not matter";
  EXPECT_FALSE(clearly_slower({100, 150, 1.0})) << "a fifth of the pairs says otherwise: noise";
  EXPECT_FALSE(clearly_slower({150, 100, 0.6}));
}

OptimizeReport report(std::optional<Score> before, std::optional<Score> after, std::optional<Likeness> likeness) {
  OptimizeReport r;
  r.steps.resize(2);
  r.steps[0].score = std::move(before);
  r.steps[1].score = std::move(after);
  r.steps[1].likeness = std::move(likeness);
  return r;
}
OptimizeReport accuracies(double before, double after) {
  return report(Score{"accuracy", before}, Score{"accuracy", after}, std::nullopt);
}
OptimizeReport errors(double before, double after, double explained) {
  Likeness likeness;
  likeness.explained = explained;
  return report(Score{"rmse", before, false}, Score{"rmse", after, false}, likeness);
}

TEST(Verdict, LabelsDecide) {
  EXPECT_THAT(judge(accuracies(0.98, 0.97)).warnings, IsEmpty());
  EXPECT_THAT(judge(accuracies(0.9868, 0.9647)).warnings, ElementsAre("accuracy went from 0.9868 to 0.9647"));
  EXPECT_THAT(judge(accuracies(0.9868, 0.9647)).refusals, IsEmpty());
  EXPECT_THAT(judge(accuracies(0.98, 0.92)).refusals, ElementsAre("accuracy went from 0.98 to 0.92"));
  EXPECT_THAT(judge(accuracies(0.9, 0.95)).warnings, IsEmpty());
  EXPECT_THAT(judge(errors(2, 2.09, 0.9)).warnings, IsEmpty());
  EXPECT_THAT(judge(errors(2, 2.2, 0.9)).warnings, ElementsAre("rmse went from 2 to 2.2"));
  EXPECT_THAT(judge(errors(2, 3, 0.9)).refusals, ElementsAre("rmse went from 2 to 3"));
  EXPECT_THAT(judge(errors(1e-8, 0.01, 0.9999)).refusals, IsEmpty()) << "the answers are as good as the same";
}

TEST(Verdict, WithoutLabelsLikenessDoes) {
  const auto verdict = [](double cosine, double agreement, bool made_up) {
    Likeness l;
    l.cosine = cosine;
    l.agreement = agreement;
    OptimizeReport r = report(std::nullopt, std::nullopt, l);
    r.made_up = made_up;
    return judge(r);
  };
  EXPECT_THAT(verdict(0.995, 1, false).warnings, IsEmpty());
  EXPECT_EQ(verdict(0.95, 1, false).warnings.size(), 1u);
  EXPECT_THAT(verdict(0.002, 1, true).refusals, ElementsAre(HasSubstr("a cosine of 0.002")));
  EXPECT_EQ(verdict(NAN, 1, true).refusals.size(), 1u);
  EXPECT_EQ(verdict(1, 0.9, false).warnings.size(), 1u);
  EXPECT_THAT(verdict(1, 0.9, true).warnings, IsEmpty());
}

TEST(Verdict, TellsASlowerModel) {
  OptimizeReport r = accuracies(1, 1);
  EXPECT_EQ(judge(r).slower, "");
  r.latency = {2000, 5000, 2};
  EXPECT_EQ(judge(r).slower, "a run takes 5 ms; it took 2 ms");
}

Tensor random_tensor(Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.normal());
  return t;
}

// x [2, steps, 4] -> along the steps -> products -> [2, steps, 3]
Graph sequence(const char* along) {
  Graph graph;
  Builder b(graph, all_operators());
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("batch"), Dim::named("steps"), 4});
  ValueId mixed = std::string(along) == "CumSum" ? b.op("CumSum", {x, b.constant(Tensor::scalar(int64_t{1}))})
                                                 : b.sub(x, b.op(along, {x, b.ints({1})}));
  ValueId h = b.op("MatMul", {mixed, b.constant(random_tensor({4, 8}, 1), "w1")});
  graph.outputs = {b.op("MatMul", {b.op("Relu", {h}), b.constant(random_tensor({8, 3}, 2), "w2")})};
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  return graph;
}

bool looks_back(const Graph& graph) {
  // The last step is the largest by far, so that a range of all steps depends on it.
  Tensor x = random_tensor({2, 6, 4}, 3);
  for (size_t row : {size_t{0}, size_t{1}}) {
    for (size_t i = 20; i < 24; ++i) x.mutable_data<float>()[24 * row + i] = 50;
  }
  auto found = looks_back_only(graph, {{x}});
  EXPECT_TRUE(found.ok()) << found.status().message();
  return found.ok() && *found;
}

TEST(LookBack, IsFoundByTrying) {
  EXPECT_TRUE(looks_back(sequence("CumSum")));
  EXPECT_FALSE(looks_back(sequence("ReduceMean")));
  EXPECT_FALSE(*looks_back_only(product({1, 2, 3, 4}), {{Tensor::of<float>({1, 2}, {1, 2})}})) << "no sequence";
  EXPECT_FALSE(*looks_back_only(sequence("CumSum"), {}));
}

// One range for all steps lets later steps in: such a language model could not be continued.
TEST(LookBack, IsKeptByDynamicQuantization) {
  Graph plain = sequence("CumSum");
  ASSERT_TRUE(find_pass("quantize_dynamic")->apply(plain, {}).ok());
  EXPECT_FALSE(looks_back(plain));
  OptimizeOptions options;
  options.quantize = "dynamic";
  options.latency_runs = 1;
  options.probes = {{random_tensor({2, 6, 4}, 4)}};
  auto optimized = optimize_model(sequence("CumSum"), options, SystemClock());
  ASSERT_TRUE(optimized.ok()) << optimized.status().message();
  EXPECT_TRUE(looks_back(optimized->graph));
  ASSERT_EQ(optimized->report.notes.size(), 1u);
  EXPECT_THAT(optimized->report.notes[0], HasSubstr("look back only"));
  EXPECT_LT(optimized->report.steps[1].bytes, optimized->report.steps[0].bytes);
  EXPECT_GT(optimized->report.steps[1].likeness->cosine, 0.999);
}

}  // namespace
}  // namespace slipway
