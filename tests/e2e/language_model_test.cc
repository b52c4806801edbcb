// From a text to a text: small language models are trained by a recipe, published, and continue a prompt.
#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "support/bad_input.h"
#include "support/folder_test.h"
#include "support/program.h"

namespace slipway {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kLine = "the quick brown fox jumps over the lazy dog. ";

constexpr const char* kRecipe = R"(name = "lm"
[data]
kind = "text"
path = "fox.txt"
sequence_length = 48
random_offset = true
test_fraction = 0.1
[model]
layers = [
  {{ type = "Embedding", input_dim = 29, output_dim = 24 }},
  {},
  {{ type = "Dense", units = 29, activation = "softmax" }},
]
[train]
loss = "sparse_categorical_crossentropy"
optimizer = {{ type = "adamw", learning_rate = 0.01, global_clipnorm = 1.0 }}
metrics = ["perplexity"]
epochs = {}
batch_size = 8
)";
constexpr const char* kDecoder =
    R"({ type = "TransformerDecoder", intermediate_dim = 48, num_heads = 4, use_alibi = true, normalize_first = true })";
constexpr const char* kLstm = R"({ type = "LSTM", units = 48, return_sequences = true })";

class LanguageModels : public FolderTest {
 protected:
  void SetUp() override {
    std::string text;
    for (int i = 0; i < 160; ++i) text += kLine;
    put("fox.txt", text + "\n");
  }
  // The last line that training says, as JSON.
  Json train(const std::string& layer, int epochs) {
    Outcome trained = run_slipway({"train", put("r.toml", fmt::format(kRecipe, layer, epochs)), "--store",
                                   path("store"), "--out", path("lm.onnx"), "--threads", "1", "--json"});
    EXPECT_EQ(trained.exit, 0) << trained.err;
    std::string lines = trained.out.substr(0, trained.out.size() - 1);
    return (*Json::parse(lines.substr(lines.rfind('\n') + 1)))["result"];
  }
  std::string generated(std::vector<std::string> words) {
    words.insert(words.begin(), "generate");
    Outcome outcome = run_slipway(words);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    return outcome.out;
  }
};

TEST_F(LanguageModels, AreTrainedPublishedAndContinueAText) {
  for (const char* layer : {kDecoder, kLstm}) {
    Json result = train(layer, layer == kLstm ? 30 : 15);
    EXPECT_LT(result["test_loss"].as_double(9), 0.4) << layer;
    EXPECT_NEAR(result["test_perplexity"].as_double(), std::exp(result["test_loss"].as_double()), 1e-3);
    const std::vector<std::string> greedy = {"--prompt", "the quick", "--tokens", "70", "--temperature", "0"};
    std::vector<std::string> words = greedy;
    words.insert(words.begin(), path("store/lm"));
    std::string text = generated(words);
    EXPECT_THAT(text, StartsWith("the quick brown fox jumps over the lazy dog. the quick brown fox jumps")) << layer;
    EXPECT_EQ(text.size(), 9 + 70 + 1u) << "beyond the window of 48";
    words[0] = path("lm.onnx");
    EXPECT_EQ(generated(words), text) << "the tokenizer travels with the file";
    Outcome small = run_slipway({"optimize", path("lm.onnx"), path("lm8.onnx"), "--quantize", "dynamic"});
    ASSERT_EQ(small.exit, 0) << small.err;
    EXPECT_THAT(small.out, HasSubstr("answers look back only")) << layer;
    words[0] = path("lm8.onnx");
    EXPECT_THAT(generated(words), StartsWith("the quick brown fox jumps over the lazy dog. the quick brown")) << layer;
  }
}

TEST_F(LanguageModels, TheSeedDecides) {
  train(kLstm, 1);
  auto drawn = [&](const char* seed) {
    return generated({path("lm.onnx"), "--seed", seed, "--tokens", "60", "--temperature", "1.5"});
  };
  std::string text = drawn("1");
  EXPECT_EQ(drawn("1"), text);
  EXPECT_NE(drawn("2"), text);
  EXPECT_THAT(text, StartsWith("\n")) << "where no prompt is given";
  Json json = *Json::parse(generated({path("lm.onnx"), "--tokens", "60", "--temperature", "1.5", "--json"}));
  EXPECT_EQ(json["prompt"].as_string() + json["text"].as_string() + "\n", text);
  EXPECT_EQ(json["tokens"].as_int(), 60);
  EXPECT_FALSE(json["stopped"].as_bool(true));
  json = *Json::parse(generated({path("store/lm/1"), "--prompt", "a", "--stop", " ", "--tokens", "500", "--json"}));
  EXPECT_TRUE(json["stopped"].as_bool());
  EXPECT_EQ(json["text"].as_string().find(' '), std::string::npos);
}

TEST_F(LanguageModels, RefusalsSayWhy) {
  train(kLstm, 1);
  const std::string model = path("lm.onnx");
  put("images.toml", R"(name = "digits"
[data]
kind = "digits"
examples = 40
test_examples = 10
[model]
layers = [{ type = "Flatten" }, { type = "Dense", units = 10, activation = "softmax" }]
[train]
epochs = 1
)");
  ASSERT_EQ(run_slipway({"train", path("images.toml"), "--out", path("digits.onnx")}).exit, 0);
  put("ahead.toml", fmt::format(kRecipe, R"({ type = "TransformerEncoder", intermediate_dim = 8, num_heads = 2 })", 1));
  ASSERT_EQ(run_slipway({"train", path("ahead.toml"), "--out", path("ahead.onnx")}).exit, 0);
  const BadInput rows[] = {
      {{"generate", path("digits.onnx")}, 2, {"digits.onnx: no language model", "data of kind \"text\""}},
      {{"generate", path("ahead.onnx")}, 2, {"ahead.onnx: no language model", "use_causal_mask"}},
      {{"generate", path("none")}, 3, {"none"}},
      {{"generate", model, "--prompt", "fox €"}, 2, {"--prompt", "offset 4", "€", "not in the training text"}},
      {{"generate", model, "--prompt", ""}, 2, {"--prompt: expected at least one character"}},
      {{"generate", model, "--temperature", "-1"}, 2, {"temperature is -1"}},
      {{"generate", model, "--top-p", "0"}, 2, {"top_p is 0"}},
      {{"generate", model, "--top-k", "-3"}, 2, {"top_k is -3"}},
  };
  for (const BadInput& row : rows) expect_refused(row);
}

}  // namespace
}  // namespace slipway
