// LanguageModel: what is one and what is none, windows that slide, graphs of fixed and of free length.
#include "generate/language_model.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "data/dataset.h"
#include "data/raw_fronts.h"
#include "formats/format.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "store/store.h"

namespace slipway {
namespace {

using testing::HasSubstr;

constexpr int64_t kTokens = 4;

Tokenizer letters(const char* text = "abcd") { return *Tokenizer::train("character", text, 0, ""); }

// The graph with a tokenizer of its own.
Graph with_tokenizer(Graph graph, const Tokenizer& tokenizer = letters()) {
  Status set = set_preparation(graph, *text_preparation(tokenizer, 8));
  EXPECT_TRUE(set.ok()) << set.message();
  return graph;
}

// Scores for the token after each step: ten times the sum over the steps so far of one-hot(id + 1), the last step
// counting twice: [1, steps, 4]. `positions`: with a table of a position's own, which fixes the number of steps.
Graph counting(bool positions, bool probabilities = false, bool looks_ahead = false, DType ids = DType::f32) {
  Graph graph;
  Dim steps = positions ? Dim(8) : Dim::named("length");
  ValueId x = graph.add_input("input", ids, Dims{Dim::named("batch"), steps});
  Builder b(graph, all_operators());
  Tensor table(DType::f32, {kTokens, kTokens});
  for (size_t id = 0; id < kTokens; ++id) table.mutable_data<float>()[id * kTokens + (id + 1) % kTokens] = 10;
  ValueId rows = b.op("Gather", {graph.add_constant("table", table), b.op("Cast", {x}, {{"to", int64_t{7}}})});
  ValueId sums =
      b.op("CumSum", {rows, b.constant(Tensor::scalar<int64_t>(1), "axis")}, {{"reverse", int64_t{looks_ahead}}});
  ValueId y = b.add(rows, sums);
  if (positions) y = b.add(y, graph.add_constant("positions", Tensor(DType::f32, {8, kTokens})));
  if (probabilities) y = b.op("Softmax", {y}, {{"axis", int64_t{-1}}});
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  graph.outputs = {y};
  EXPECT_TRUE(infer_types(graph).ok());
  return graph;
}

std::vector<float> scores_after(const Graph& graph, std::vector<int32_t> tokens) {
  Result<LanguageModel> model = LanguageModel::create(with_tokenizer(graph));
  EXPECT_TRUE(model.ok()) << model.status().message();
  Result<std::vector<float>> scores = model->next(tokens);
  EXPECT_TRUE(scores.ok()) << scores.status().message();
  return *scores;
}

TEST(LanguageModel, AnswersForTheLastToken) {
  for (bool positions : {false, true}) {
    EXPECT_THAT(scores_after(counting(positions), {0}), testing::ElementsAre(0, 20, 0, 0));
    EXPECT_THAT(scores_after(counting(positions), {0, 0, 2}), testing::ElementsAre(0, 20, 0, 20));
    EXPECT_THAT(scores_after(counting(positions, false, false, DType::i64), {3}), testing::ElementsAre(20, 0, 0, 0));
  }
}

TEST(LanguageModel, TheWindowSlides) {
  std::vector<int32_t> tokens = {1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  for (bool positions : {false, true}) {
    EXPECT_THAT(scores_after(counting(positions), tokens), testing::ElementsAre(0, 90, 0, 0)) << "eight of them";
  }
}

TEST(LanguageModel, ProbabilitiesBecomeTheirLogarithms) {
  std::vector<float> scores = scores_after(counting(true, true), {0});
  EXPECT_NEAR(scores[1] - scores[0], 20, 1e-3);
  EXPECT_LE(scores[1], 0);
}

TEST(LanguageModel, SaysWhatMakesItNone) {
  auto why = [](const Graph& graph) { return LanguageModel::create(graph).status().message(); };
  EXPECT_THAT(why(counting(true)), HasSubstr("no language model: no preparation of its data travels with it"));
  Graph sound = counting(true);
  ASSERT_TRUE(set_preparation(sound, {.kind = "audio"}).ok());
  EXPECT_THAT(why(sound), HasSubstr("takes data of kind \"audio\""));
  Graph old = counting(true);
  old.metadata["slipway.preprocessing"] = R"({"kind":"text"})";
  EXPECT_THAT(why(old), HasSubstr("trained by an older Slipway"));
  EXPECT_THAT(why(with_tokenizer(counting(true, false, true))), HasSubstr("depends on later steps"));
  EXPECT_THAT(why(with_tokenizer(counting(true), *Tokenizer::train("byte", "", 0, ""))),
              HasSubstr("has 256 tokens, but the model answers float32[batch, 8, 4]"));
  Result<LanguageModel> fewer = LanguageModel::create(with_tokenizer(counting(true, true), letters("abc")));
  ASSERT_TRUE(fewer.ok()) << fewer.status().message();
  EXPECT_EQ(fewer->next(std::vector<int32_t>{0})->size(), 3u) << "what has no token is never drawn";
  Graph flat;
  ValueId x = flat.add_input("x", DType::f32, Dims{Dim::named("batch"), 8});
  flat.outputs = {Builder(flat, all_operators()).op("Relu", {x})};
  EXPECT_THAT(why(with_tokenizer(flat)), HasSubstr("one output [batch, steps, vocabulary]; found float32[batch, 8]"));
  Graph broken = counting(true);
  broken.value(broken.find("table")).data.mutable_data<float>()[1] = NAN;
  Result<LanguageModel> model = LanguageModel::create(with_tokenizer(broken));
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_THAT(model->next(std::vector<int32_t>{0}).status().message(), HasSubstr("NaN"));
}

class LanguageModelFiles : public testing::Test {
 protected:
  std::filesystem::path at(const std::string& name) const { return folder_.path() / name; }
  TemporaryDirectory folder_;
};

TEST_F(LanguageModelFiles, TheTokenizerInTheFile) {
  Graph graph = counting(true);
  ASSERT_TRUE(write_model(graph, at("bare.onnx")).ok());
  EXPECT_THAT(read_language_model(at("bare.onnx")).status().message(),
              testing::AllOf(HasSubstr("bare.onnx: no language model"), HasSubstr("no preparation")));
  ASSERT_TRUE(write_model(with_tokenizer(graph), at("whole.onnx")).ok());
  EXPECT_TRUE(read_language_model(at("whole.onnx")).ok());
  EXPECT_THAT(read_language_model(at("absent")).status().message(), HasSubstr("absent"));
  EXPECT_THAT(read_language_model(folder_.path()).status().message(), HasSubstr("a file is expected, or a model's"));
}

TEST_F(LanguageModelFiles, FoldersOfAStore) {
  Store store = *Store::open(at("store"), true);
  Draft draft;
  ASSERT_TRUE(write_model(with_tokenizer(counting(true)), at("m.onnx")).ok());
  draft.files["model.onnx"] = *read_file(at("m.onnx"));
  ASSERT_TRUE(store.publish("lm", draft, false).ok());
  EXPECT_TRUE(read_language_model(at("store") / "lm" / "1").ok());
  EXPECT_THAT(read_language_model(at("store") / "lm").status().message(), HasSubstr("production"));
  ASSERT_TRUE(store.promote("lm", 1).ok());
  EXPECT_TRUE(read_language_model(at("store/lm/")).ok());
  ASSERT_TRUE(write_file_atomic(at("store/lm/1/model.onnx"), "tampered").ok());
  EXPECT_EQ(read_language_model(at("store/lm")).status().code(), Code::data_loss);
}

}  // namespace
}  // namespace slipway
