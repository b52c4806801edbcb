// Text: windows and their labels, the last part kept apart, nothing stored twice.
#include "data/text.h"

#include "data/raw_fronts.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "data/batches.h"
#include "support/places.h"
#include "text/tokenizer.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Text : public testing::Test {
 protected:
  fs::path file(const std::string& contents) {
    fs::path path = folder_.path() / "a.txt";
    EXPECT_TRUE(write_file_atomic(path, contents).ok());
    return path;
  }
  TemporaryDirectory folder_;
};

TEST_F(Text, ALabelIsTheNextToken) {
  Result<DataPair> pair =
      load_text(file("0123456789ABCDEF"), {.tokenizer = "byte", .sequence_length = 3, .stride = 2}, 0.25);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.size(), 5) << "12 tokens, 11 with a next one: windows at 0, 2, 4, 6, 8";
  EXPECT_EQ(pair->test.size(), 1) << "CDEF";
  EXPECT_EQ(pair->train.example_shape(), Shape{3});
  EXPECT_EQ(pair->train.inputs.count(), 11);
  EXPECT_EQ(pair->train.inputs.dtype(), DType::u8);
  BatchStream stream(pair->train, {.size = 5, .shuffle = false});
  Tensor x(DType::f32, {5, 3}), y(DType::i64, {5, 3});
  stream.start(0);
  ASSERT_EQ(stream.next(x, y), 5);
  EXPECT_EQ(to_string(x.rows(0, 2)), "float32[2, 3] [[48, 49, 50], [50, 51, 52]]");
  EXPECT_EQ(to_string(y.rows(0, 2)), "int64[2, 3] [[49, 50, 51], [51, 52, 53]]");
  EXPECT_EQ(to_string(y.rows(4, 5)), "int64[1, 3] [[57, 65, 66]]") << "B is the last of the part";
  Dataset test = pair->test;
  EXPECT_EQ(to_string(test.inputs), "uint8[3] [67, 68, 69]");
}

TEST_F(Text, AWindowIsOfOnePartOfASplitOnly) {
  Result<DataPair> pair = load_text(file(std::string(200, 'a') + std::string(200, 'b')),
                                    {.tokenizer = "byte", .sequence_length = 10, .stride = 4}, 0.5);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  Result<Split> parts = split(pair->train, 0.25, 1);
  ASSERT_TRUE(parts.ok()) << parts.status().message();
  EXPECT_EQ(parts->held_out.size(), std::lround(0.25 * static_cast<double>(pair->train.size())));
  const auto* begin = pair->train.inputs.data<uint8_t>().data();
  const auto* rest = parts->rest.inputs.data<uint8_t>().data();
  const auto* held = parts->held_out.inputs.data<uint8_t>().data();
  EXPECT_EQ(rest, begin) << "elements are shared";
  EXPECT_LE(rest + parts->rest.inputs.count(), held);
  EXPECT_TRUE(check(parts->rest).ok());
  EXPECT_NE(content_hash(parts->rest), content_hash(pair->train));
  Dataset wider = pair->train;
  wider.stride = 5;
  EXPECT_NE(content_hash(wider), content_hash(pair->train));
}

// Every token of a text is at every place of a window in the end; the test part and what is held out stay where they
// are.
TEST_F(Text, WindowsBeginElsewhereInEveryEpoch) {
  std::string text;
  for (int i = 0; i < 120; ++i) text += static_cast<char>(i);
  Result<DataPair> pair =
      load_text(file(text), {.tokenizer = "byte", .sequence_length = 5, .stride = 4, .random_offset = true}, 0.2);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_FALSE(pair->test.random_offset);
  Result<Split> parts = split(pair->train, 0.2, 1);
  ASSERT_TRUE(parts.ok());
  EXPECT_TRUE(parts->rest.random_offset);
  EXPECT_FALSE(parts->held_out.random_offset);
  BatchOptions options = {.size = 8, .shuffle = true, .augment = true, .seed = 3};
  BatchStream stream(pair->train, options), again(pair->train, options);
  EXPECT_EQ(stream.examples(), (95 - 5 - 3) / 4 + 1) << "as many as fit behind the largest offset";
  Tensor x(DType::f32, {8, 5}), y(DType::i64, {8, 5}), other = x.clone();
  std::set<int> offsets;
  for (int64_t epoch = 0; epoch < 40; ++epoch) {
    stream.start(epoch);
    while (int64_t n = stream.next(x, y)) {
      for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
        offsets.insert(static_cast<int>(x.data<float>()[i * 5]) % 4);
        for (size_t j = 0; j < 5; ++j) {
          EXPECT_EQ(x.data<float>()[i * 5 + j], x.data<float>()[i * 5] + static_cast<float>(j));
          EXPECT_EQ(static_cast<float>(y.data<int64_t>()[i * 5 + j]), x.data<float>()[i * 5 + j] + 1);
        }
      }
    }
  }
  EXPECT_EQ(offsets, (std::set<int>{0, 1, 2, 3}));
  stream.start(17, 1);
  again.start(17);
  for (int i = 0; i < 2; ++i) again.next(other, y);
  stream.next(x, y);
  EXPECT_TRUE(identical(x, other)) << "a resumed epoch has the offset of an uninterrupted one";
  BatchStream plain(pair->train, {.size = 8, .shuffle = false});
  plain.start(5);
  plain.next(x, y);
  EXPECT_EQ(x.data<float>()[0], 0) << "only where training asks for it";
}

TEST_F(Text, TheTokenizerTravels) {
  Result<DataPair> pair = load_text(file("to be or not to be, that is the question"),
                                    {.tokenizer = "bpe", .vocabulary = 260, .sequence_length = 2}, 0.3);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.inputs.dtype(), DType::f32) << "more than 256 tokens";
  EXPECT_EQ(pair->train.preparation->kind, "text");
  Result<std::optional<FrontTokenizer>> found = front_tokenizer(pair->train.preparation->front);
  ASSERT_TRUE(found.ok() && found->has_value());
  const Tokenizer* tokenizer = &(*found)->tokenizer;
  EXPECT_EQ(tokenizer->vocabulary(), static_cast<int64_t>(pair->train.classes.size()));
}

TEST_F(Text, SaysWhatIsWrong) {
  EXPECT_THAT(load_text(file(""), {}, 0.1).status().message(),
              HasSubstr("a.txt: expected a text, found an empty file"));
  EXPECT_THAT(load_text(file("short"), {.sequence_length = 64}, 0.5).status().message(),
              HasSubstr("expected at least one window of 64 elements, found"));
  EXPECT_THAT(load_text(file("text"), {}, 0).status().message(), HasSubstr("test_fraction between 0 and 1, found 0"));
  EXPECT_THAT(load_text(file("text"), {.sequence_length = 0}, 0.5).status().message(),
              HasSubstr("sequence_length of at least 1"));
  EXPECT_THAT(load_text(file("ab\xFFz"), {.sequence_length = 1}, 0.5).status().message(),
              HasSubstr("a.txt: offset 2: expected UTF-8"));
}

TEST(TinyShakespeare, SixtyFiveCharacters) {
  fs::path path = data_folder() / "tinyshakespeare/input.txt";
  if (!fs::exists(path)) GTEST_SKIP() << "no text; set SLIPWAY_DATA";
  Result<DataPair> pair = load_text(path, {.sequence_length = 64}, 0.1);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.classes.size(), 65u);
  EXPECT_EQ(pair->train.inputs.count() + pair->test.inputs.count() + 2, 1115394);
  EXPECT_EQ(pair->train.size(), (1003855 - 1) / 64);
  Result<DataPair> merged = load_text(path, {.tokenizer = "bpe", .vocabulary = 512, .sequence_length = 64}, 0.1);
  ASSERT_TRUE(merged.ok()) << merged.status().message();
  EXPECT_LT(merged->train.inputs.count(), 1003855 * 7 / 10);
}

}  // namespace
}  // namespace slipway
