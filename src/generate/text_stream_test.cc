// TextStream: whole code points, the stop text wherever it is cut.
#include "generate/text_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

// The pieces of a text put in byte by byte, until it stops; what finish() gives is the last.
std::vector<std::string> pieces_of(const std::string& bytes, const std::string& stop = "") {
  Tokenizer tokenizer = *Tokenizer::train("byte", "", 0, "");
  TextStream stream(tokenizer, stop);
  std::vector<std::string> pieces;
  for (char c : bytes) {
    if (stream.stopped()) break;
    pieces.push_back(*stream.push(static_cast<unsigned char>(c)));
  }
  pieces.push_back(*stream.finish());
  return pieces;
}

using testing::ElementsAre;

TEST(TextStream, WholeCodePointsOnly) {
  EXPECT_THAT(pieces_of("aé€b"), ElementsAre("a", "", "é", "", "", "€", "b", ""));
  EXPECT_THAT(pieces_of("a\xE2\x82"), ElementsAre("a", "", "", "\uFFFD\uFFFD")) << "cut off: mended at the end";
  EXPECT_THAT(pieces_of("\xFF"
                        "ab"),
              ElementsAre("", "\uFFFDa", "b", ""))
      << "never a code point";
}

TEST(TextStream, EndsBeforeTheStopText) {
  EXPECT_THAT(pieces_of("a\n\nb", "\n\n"), ElementsAre("a", "", "", "")) << "nothing of it is shown";
  EXPECT_THAT(pieces_of("a\nb", "\n\n"), ElementsAre("a", "", "\nb", "")) << "it was none";
  EXPECT_THAT(pieces_of("aab", "ab"), ElementsAre("", "a", "", ""));
  EXPECT_THAT(pieces_of("xaa", "aab"), ElementsAre("x", "", "", "aa")) << "the end comes first";
  EXPECT_THAT(pieces_of("€", "€"), ElementsAre("", "", "", ""));
}

TEST(TextStream, ATokenLongerThanTheStopText) {
  Tokenizer words = *Tokenizer::train("word", "one two three", 10, "");
  std::vector<int32_t> ids = *words.encode("one two three");
  TextStream stream(words, "w");
  std::string text;
  for (size_t i = 0; i < ids.size() && !stream.stopped(); ++i) text += *stream.push(ids[i]);
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(text + *stream.finish(), "one t");
  EXPECT_FALSE(TextStream(words).push(99).ok());
}

}  // namespace
}  // namespace slipway
