// Cards of strings: ONNX's own examples.
#include <gtest/gtest.h>

#include "support/run_card.h"

namespace slipway::ops {
namespace {

using Strings = std::vector<std::string>;

Tensor words(Shape shape, const Strings& values) { return Tensor::of<std::string>(std::move(shape), values); }

std::string split(const Tensor& x, Attributes attributes) {
  Result<std::vector<Tensor>> y = run_card("StringSplit", {x}, std::move(attributes), 2);
  return y.ok() ? to_string((*y)[0]) + "; " + to_string((*y)[1]) : y.status().message();
}

TEST(StringConcat, JoinsWithBroadcasting) {
  EXPECT_EQ(card_text("StringConcat", {words({2}, {"abc", "def"}), words({2}, {".com", ".net"})}),
            to_string(words({2}, {"abc.com", "def.net"})));
  EXPECT_EQ(card_text("StringConcat", {words({2, 1}, {"cat", "dog"}), words({3}, {"s", "", "y"})}),
            to_string(words({2, 3}, {"cats", "cat", "caty", "dogs", "dog", "dogy"})));
  EXPECT_EQ(card_text("StringConcat", {words({0}, {}), words({}, {"a"})}), to_string(words({0}, {})));
}

TEST(StringSplit, PartsAtADelimiter) {
  auto at = [](const char* delimiter) { return Attributes{{"delimiter", std::string(delimiter)}}; };
  EXPECT_EQ(split(words({2}, {"abc.com", "def.net"}), at(".")),
            to_string(words({2, 2}, {"abc", "com", "def", "net"})) + "; int64[2] [2, 2]");
  EXPECT_EQ(split(words({2}, {"o-n-n--x-", "o-n----nx"}), at("-")),
            to_string(words({2, 6}, {"o", "n", "n", "", "x", "", "o", "n", "", "", "", "nx"})) + "; int64[2] [6, 6]");
  EXPECT_EQ(split(words({2}, {"", "aXXb"}), at("XX")),
            to_string(words({2, 2}, {"", "", "a", "b"})) + "; int64[2] [1, 2]");
  EXPECT_EQ(split(words({0}, {}), at(",")), to_string(words({0, 0}, {})) + "; int64[0] []");
}

TEST(StringSplit, PartsAtRunsOfSpacesAndEndsAfterMaxsplit) {
  EXPECT_EQ(split(words({2}, {"  hello world !  ", "  hello   world  !  "}), {}),
            to_string(words({2, 3}, {"hello", "world", "!", "hello", "world", "!"})) + "; int64[2] [3, 3]");
  EXPECT_EQ(
      split(words({2, 2}, {"hello world", "def.net", "o n n x", "the quick brown fox"}), {{"maxsplit", int64_t{2}}}),
      to_string(
          words({2, 2, 3}, {"hello", "world", "", "def.net", "", "", "o", "n", "n x", "the", "quick", "brown fox"})) +
          "; int64[2, 2] [[2, 1], [3, 3]]");
  EXPECT_EQ(split(words({2}, {" \t", ""}), {{"delimiter", std::string()}}),
            to_string(words({2, 0}, {})) + "; int64[2] [0, 0]");
  EXPECT_EQ(split(words({1}, {" a b "}), {{"maxsplit", int64_t{0}}}),
            to_string(words({1, 1}, {"a b "})) + "; int64[1] [1]");
}

}  // namespace
}  // namespace slipway::ops
