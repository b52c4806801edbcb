// Interactions: ids to indices, ratings, what is refused; MovieLens where it is.
#include "data/interactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/places.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kText =
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    "10\tb\t3\t1\n"
    "9\ta\t4.5\t2\r\n"
    "\n"
    "10\ta\t1\t3\n";

TEST(Interactions, IdsAreSortedNumbersByValue) {
  Result<Interactions> rows = parse_interactions(kText, "a.inter", {});
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_THAT(rows->users, ElementsAre("9", "10"));
  EXPECT_THAT(rows->items, ElementsAre("a", "b"));
  EXPECT_THAT(rows->user_of, ElementsAre(1, 0, 1));
  EXPECT_THAT(rows->item_of, ElementsAre(1, 0, 0));
  EXPECT_THAT(rows->ratings, ElementsAre(3, 4.5f, 1));
}

TEST(Interactions, IndicesCountFromOneAndZeroIsUnknown) {
  TemporaryDirectory folder;
  fs::path train = folder.path() / "train.inter", test = folder.path() / "test.inter";
  ASSERT_TRUE(write_file_atomic(train, kText).ok());
  ASSERT_TRUE(write_file_atomic(test, "rating:float\titem_id:token\tuser_id:token\n2\tb\t77\n5\tz\t9\n").ok());
  Result<DataPair> pair = load_interactions(train, test, 0, 1, {});
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(to_string(pair->train.inputs), "float32[3, 2] [[2, 2], [1, 1], [2, 1]]");
  EXPECT_EQ(to_string(pair->train.labels), "float32[3, 1] [[3], [4.5], [1]]");
  EXPECT_EQ(to_string(pair->test.inputs), "float32[2, 2] [[0, 2], [1, 0]]");
  EXPECT_THAT(pair->train.features, ElementsAre("user_id", "item_id"));
  EXPECT_EQ(raw_inputs(pair->test.preparation->front)[0].words, "2 categories: 9, 10 (index from 1, 0 for others)");
}

TEST(Interactions, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> table[] = {
      {"", "a.inter: line 1: expected a column user_id:token, found ; name the columns"},
      {"user_id:float\titem_id:token\trating:float\n", "column \"user_id\": expected the type token, found float"},
      {"user_id\titem_id:token\trating:float\n", "expected the type token, found no type"},
      {"user_id:token\titem_id:token\trating:float\n", "expected lines after the header, found none"},
      {"user_id:token\titem_id:token\trating:float\n1\t2\n", "line 2: expected 3 cells as in the header, found 2"},
      {"user_id:token\titem_id:token\trating:float\n\n1\t2\tx\n",
       "line 3: column \"rating\": expected a number, found \"x\""},
      {"user_id:token\titem_id:token\trating:float\n\t2\t3\n",
       "line 2: expected a user and an item, found an empty cell"},
  };
  for (const auto& [text, message] : table) {
    EXPECT_THAT(parse_interactions(text, "a.inter", {}).status().message(), HasSubstr(message));
  }
}

TEST(Interactions, MovieLens) {
  fs::path path = data_folder() / "movielens_100k/ml-100k.inter";
  if (!fs::exists(path)) GTEST_SKIP() << "no ratings; set SLIPWAY_DATA";
  Result<DataPair> pair = load_interactions(path, {}, 0.1, 1, {});
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->source, HasSubstr("(943 users, 1682 items)"));
  EXPECT_EQ(pair->train.size(), 90000);
  EXPECT_EQ(pair->test.size(), 10000);
}

}  // namespace
}  // namespace slipway
