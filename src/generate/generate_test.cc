// generate(): the loop over draws, without a model.
#include "generate/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using testing::HasSubstr;

Tokenizer letters() { return *Tokenizer::train("character", "abcd", 0, ""); }

// Mostly the letter after the last one, d before a.
Result<std::vector<float>> next_letter(std::span<const int32_t> tokens) {
  std::vector<float> scores(4, 0.0f);
  scores[static_cast<size_t>((tokens.back() + 1) % 4)] = 3;
  return scores;
}

Result<Generated> from_a(const GenerateOptions& options, const TextListener& listener = nullptr) {
  return generate(letters(), std::vector<int32_t>{0}, options, next_letter, listener);
}

TEST(Generate, TheLikeliestAtTemperatureZero) {
  std::string heard;
  Result<Generated> result =
      from_a({.tokens = 6, .sampling = {.temperature = 0}}, [&](std::string_view piece) { heard += piece; });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->text, "bcdabc");
  EXPECT_EQ(heard, result->text);
  EXPECT_EQ(result->ids, (std::vector<int32_t>{1, 2, 3, 0, 1, 2}));
  EXPECT_FALSE(result->stopped);
}

TEST(Generate, TheSeedDecidesTheDraws) {
  GenerateOptions options = {.tokens = 200};
  std::string text = from_a(options)->text;
  EXPECT_EQ(from_a(options)->text, text);
  options.seed = 2;
  EXPECT_NE(from_a(options)->text, text);
  options = {.tokens = 100};
  EXPECT_EQ(from_a(options)->text, text.substr(0, 100)) << "a longer text begins like a shorter one";
}

TEST(Generate, TheStopTextEndsIt) {
  Result<Generated> result = from_a({.tokens = 50, .sampling = {.temperature = 0}, .stop = "da"});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->stopped);
  EXPECT_EQ(result->text, "bc");
  EXPECT_EQ(result->ids.size(), 4u);
  result = from_a({.tokens = 3, .sampling = {.temperature = 0}, .stop = "da"});
  EXPECT_FALSE(result->stopped);
  EXPECT_EQ(result->text, "bcd") << "the begin of a stop text that did not come is shown at the end";
}

TEST(Generate, ErrorsPass) {
  EXPECT_THAT(from_a({.sampling = {.top_p = 2}}).status().message(), HasSubstr("top_p is 2"));
  auto broken = [](std::span<const int32_t>) -> Result<std::vector<float>> { return invalid("broken"); };
  EXPECT_THAT(generate(letters(), std::vector<int32_t>{0}, {}, broken).status().message(), HasSubstr("broken"));
}

}  // namespace
}  // namespace slipway
