// Labelled texts: folders and tables to ids, vocabulary from the training part only.
#include "data/labelled_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LabelledTexts : public ::testing::Test {
 protected:
  std::filesystem::path put(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    EXPECT_TRUE(make_directories(path.parent_path()).ok());
    EXPECT_TRUE(write_file_atomic(path, text).ok());
    return path;
  }
  static DataSource source(const std::filesystem::path& path) {
    DataSource source{.kind = "texts", .path = path};
    source.text.sequence_length = 4;
    source.test_fraction = 0.5;
    return source;
  }
  TemporaryDirectory folder_;
};

TEST_F(LabelledTexts, AFolderPerClass) {
  put("t/train/ham/1.txt", "see you");
  put("t/train/ham/2.txt", "see");
  put("t/train/spam/1.txt", "win win win win win win");
  put("t/train/spam/old.doc", "?");
  put("t/test/ham/1.txt", "see paris");
  DataSource s = source(folder_.path() / "t");
  s.kind = "auto";
  Result<DataPair> pair = load_dataset(s);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->train.classes, ElementsAre("ham", "spam"));
  EXPECT_EQ(to_string(pair->train.labels), "int64[3] [0, 0, 1]");
  const auto ids = pair->train.inputs.data<float>();
  EXPECT_EQ(ids[0], ids[4]) << "one word, one id";
  EXPECT_EQ(ids[5], 0) << "filled up behind";
  EXPECT_NE(ids[8], ids[0]);
  EXPECT_NE(ids[11], 0) << "cut at four";
  EXPECT_EQ(pair->test.inputs.data<float>()[0], ids[0]);
  EXPECT_THAT(pair->understood["skipped"].dump(), HasSubstr("ending in .doc"));
  EXPECT_THAT(pair->understood["notes"].dump(), HasSubstr("1 of 3 training texts have 4 tokens or more"));
  EXPECT_EQ(pair->train.preparation->kind, "texts");
}

TEST_F(LabelledTexts, TwoColumnsOfATable) {
  const auto path = put("t.csv", "review,liked\n\"good, very good\",yes\nbad,no\ngood,yes\nbad bad,no\n");
  Result<DataPair> pair = load_dataset(source(path));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.size(), 2);
  EXPECT_EQ(pair->test.size(), 2);
  EXPECT_THAT(pair->train.classes, ElementsAre("no", "yes"));
  DataSource s = source(put("u.csv", "id,review,liked\n1,good,yes\n2,bad,no\n3,good,yes\n4,bad,no\n"));
  EXPECT_THAT(load_dataset(s).status().message(),
              HasSubstr("which column is the text? say text = \"…\"; it has id, review, liked"));
  s.texts.column = "review";
  EXPECT_TRUE(load_dataset(s).ok());
}

TEST_F(LabelledTexts, TextsThatSayNothingAreCounted) {
  std::string text = "review,liked\n";
  for (int i = 0; i < 4; ++i) text += "good,yes\n\"\",no\nbad,no\nfine,yes\n";
  Result<DataPair> pair = load_dataset(source(put("e.csv", text)));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->understood["notes"].dump(), HasSubstr("training texts say nothing (empty, or a word"));
}

}  // namespace
}  // namespace slipway
