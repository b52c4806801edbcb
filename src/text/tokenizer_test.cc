// Tokenizers: what each kind learns, that texts come back, JSON, what is refused.
#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "text/bpe.h"
#include "text/pieces.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Pieces, CutsWhereWordsPunctuationAndBlanksMeet) {
  EXPECT_THAT(pieces("It's  K\xC3\xB6ln, 42!\n\nOK"),
              ElementsAre("It", "'", "s", " ", " K\xC3\xB6ln", ",", " 42", "!", "\n\n", "OK"));
  std::string letters(100, 'x');
  EXPECT_THAT(pieces(letters), ElementsAre(letters.substr(0, 64), letters.substr(64)));
  std::string euros = "a";
  for (int i = 0; i < 30; ++i) euros += "\xE2\x82\xAC";
  EXPECT_EQ(pieces(euros)[0].size(), 64u) << "1 + 21 * 3, between code points";
}

TEST(Bpe, MergesTheMostFrequentPairFirst) {
  EXPECT_THAT(learn_merges("abababab ab", 10), ElementsAre(Pair('a', 'b'), Pair(256, 256)));
  EXPECT_THAT(learn_merges("abababab ab", 1), ElementsAre(Pair('a', 'b')));
  EXPECT_THAT(learn_merges("xy\nxy\npq\npq", 2), ElementsAre(Pair('p', 'q'), Pair('x', 'y'))) << "a tie";
  // R. Sennrich et al. 2016, section 3.2: low 5, lower 2, newest 6, widest 3. Of the ties, (e, s) is before (s, t).
  std::string text;
  for (auto [word, count] : {std::pair("low", 5), {"lower", 2}, {"newest", 6}, {"widest", 3}}) {
    for (int i = 0; i < count; ++i) text += std::string(word) + "\n";
  }
  auto merges = learn_merges(text, 4);
  EXPECT_THAT(merges, ElementsAre(Pair('e', 's'), Pair(256, 't'), Pair('l', 'o'), Pair(258, 'w')));
}

TEST(Tokenizer, KindsEncodeAsTheySay) {
  Result<Tokenizer> bpe = Tokenizer::train("bpe", "abababab ab", 258, "t");
  ASSERT_TRUE(bpe.ok()) << bpe.status().message();
  EXPECT_THAT(*bpe->encode("abab ab"), ElementsAre(257, ' ', 256));
  EXPECT_EQ(bpe->vocabulary(), 258);
  Result<Tokenizer> characters = Tokenizer::train("character",
                                                  "b\xC3\xB6"
                                                  "ab",
                                                  0, "t");
  EXPECT_THAT(*characters->encode("ab\xC3\xB6"), ElementsAre(0, 1, 2));
  EXPECT_THAT(characters->names(), ElementsAre("a", "b", "\xC3\xB6"));
  Result<Tokenizer> words = Tokenizer::train("word", "to be or not to be to", 4, "t");
  EXPECT_THAT(words->names(), ElementsAre("\xEF\xBF\xBD", " be", " to", " not"));
  EXPECT_THAT(*words->encode(" to be seen"), ElementsAre(2, 1, 0));
  EXPECT_EQ(*words->decode(std::vector<int32_t>{2, 0}), " to\xEF\xBF\xBD");
  Result<Tokenizer> bytes = Tokenizer::train("byte", "", 0, "t");
  EXPECT_EQ(bytes->names()[10], "<0x0A>");
  EXPECT_EQ(*bytes->decode(std::vector<int32_t>{'a', 0xC3}), "a\xEF\xBF\xBD") << "half a code point";
}

TEST(Tokenizer, TextsComeBackAlsoThroughJson) {
  Random random(7);
  for (const char* kind : {"byte", "character", "bpe"}) {
    std::string text;
    for (int i = 0; i < 2000; ++i)
      text += std::vector<std::string>{"a", "b", "c", " ", "\xC3\xB6", "\xE2\x82\xAC", "\n"}[random.below(7)];
    Result<Tokenizer> learned = Tokenizer::train(kind, text, 400, "t");
    ASSERT_TRUE(learned.ok()) << learned.status().message();
    Result<Json> json = Json::parse(learned->to_json().dump());
    ASSERT_TRUE(json.ok());
    Result<Tokenizer> read = Tokenizer::from_json(*json);
    ASSERT_TRUE(read.ok()) << read.status().message();
    Result<std::vector<int32_t>> ids = read->encode(text);
    ASSERT_TRUE(ids.ok());
    EXPECT_EQ(*ids, *learned->encode(text));
    EXPECT_EQ(*read->decode(*ids), text) << kind;
    EXPECT_TRUE(kind != std::string("bpe") || ids->size() < text.size() / 2) << ids->size();
  }
}

TEST(Tokenizer, SaysWhatIsWrong) {
  EXPECT_EQ(Tokenizer::train("letters", "", 0, "a.txt").status().message(),
            "a.txt: tokenizer: expected byte, character, word or bpe, found \"letters\"");
  EXPECT_THAT(Tokenizer::train("bpe", "x", 100, "a.txt").status().message(),
              HasSubstr("needs 256 to 1048576 tokens, found 100"));
  EXPECT_THAT(Tokenizer::train("word", "ab\xFF", 100, "a.txt").status().message(),
              HasSubstr("a.txt: offset 2: expected UTF-8, which a tokenizer of kind \"word\" needs, found byte ff"));
  Result<Tokenizer> characters = Tokenizer::train("character", "ab", 0, "t");
  EXPECT_THAT(characters->encode("abc").status().message(), HasSubstr("offset 2: the character \"c\" was not in"));
  EXPECT_THAT(characters->decode(std::vector<int32_t>{0, 2}).status().message(),
              HasSubstr("token 1: expected an id from 0 to 1, found 2"));
  const std::pair<const char*, const char*> table[] = {
      {"{}", "kind: expected byte"},
      {R"({"kind": "bpe", "merges": [[1, 999]]})", "merge 0: expected two ids from 0 to 255, found 1 and 999"},
      {R"({"kind": "bpe", "merges": [[1, 2], [1, 2]]})", "merge 1: expected a new pair"},
      {R"({"kind": "word", "tokens": ["a", "a"]})", "token 1: expected a new text, found \"a\""},
      {R"({"kind": "word"})", "expected a list of texts, found none"},
  };
  for (const auto& [json, message] : table) {
    EXPECT_THAT(Tokenizer::from_json(*Json::parse(json)).status().message(), HasSubstr(message));
  }
  std::string bomb = R"({"kind": "bpe", "merges": [[1, 1])";
  for (int i = 0; i < 40; ++i) bomb += ",[" + std::to_string(256 + i) + "," + std::to_string(256 + i) + "]";
  EXPECT_THAT(Tokenizer::from_json(*Json::parse(bomb + "]}")).status().message(), HasSubstr("at most 64 bytes"));
}

}  // namespace
}  // namespace slipway
