// Table source: what a stranger's CSV file is taken for, from the file to examples.
#include "data/table_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TableSource : public ::testing::Test {
 protected:
  DataSource source(const std::string& text, const char* name = "d.csv") {
    EXPECT_TRUE(write_file_atomic(folder_.path() / name, text).ok());
    DataSource source{.kind = "csv", .path = folder_.path() / name};
    source.test_fraction = 0.25;
    return source;
  }
  static std::string notes(const DataPair& pair) { return pair.understood["notes"].dump(); }
  static std::string message(const DataSource& source) { return load_dataset(source).status().message(); }

  TemporaryDirectory folder_;
};

// Sixteen rows of `row`(i) under `header`.
template <typename Row>
std::string table(const std::string& header, Row row, int rows = 16) {
  std::string text = header + "\n";
  for (int i = 0; i < rows; ++i) text += row(i) + "\n";
  return text;
}

std::string str(int i) { return std::to_string(i); }

TEST_F(TableSource, OneAndOnePointZeroAreOneClass) {
  const char* spellings[] = {"0", "0.0", "1", "1.0"};
  DataSource d = source(table("a,b,y", [&](int i) { return str(i * i) + (i % 2 ? ",b," : ",a,") + spellings[i % 4]; }));
  d.targets.columns = {"y"};
  Result<DataPair> pair = load_dataset(d);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->train.classes, ElementsAre("0", "1"));
  EXPECT_EQ(
      pair->understood["target"].dump(),
      R"({"name":"y","task":"classification","classes":[{"name":"0","training":6,"test":2},{"name":"1","training":6,"test":2}]})");
}

TEST_F(TableSource, PandasIndexIsNoFeature) {
  DataSource d =
      source(table(",a,b,y", [](int i) { return str(i) + "," + str(i * i % 7) + (i % 2 ? ",b,1" : ",a,0"); }));
  d.targets.columns = {"y"};
  Result<DataPair> pair = load_dataset(d);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->train.features, ElementsAre("a", "b=a", "b=b"));
  EXPECT_THAT(notes(*pair), HasSubstr("only numbers the rows"));
}

TEST_F(TableSource, Latin1IsNamedAndRead) {
  DataSource d =
      source(table("gr\xF6\xDF"
                   "e,y",
                   [](int i) { return str(i * i) + (i % 2 ? ",1" : ",0"); }));
  EXPECT_THAT(message(d), HasSubstr("found byte f6, which looks like Latin-1; encoding = \"latin-1\" reads it"));
  d.csv.encoding = "latin-1";
  Result<DataPair> pair = load_dataset(d);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->train.features, ElementsAre("größe"));
  EXPECT_EQ(pair->train.preparation->facts["csv"].dump(), R"({"encoding":"latin-1"})");
}

TEST_F(TableSource, AnUnnamedTargetIsSaidOrRefused) {
  auto row = [](int i) { return str(i * i) + (i % 2 ? ",1" : ",0"); };
  Result<DataPair> pair = load_dataset(source(table("a,y", row)));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(notes(*pair), HasSubstr(R"(no target was named: the last column, \"y\", was taken)"));
  EXPECT_THAT(
      message(source(table("y,day", [](int i) { return str(i % 2) + ",2024-01-" + str(10 + i); }))),
      HasSubstr("no target is named, and the last column, \"day\", is no likely one; name it: target = \"…\"; the "
                "columns are y, day"));
}

TEST_F(TableSource, AMissingTargetNamesLineAndWord) {
  DataSource d = source(table("a,y", [](int i) {
    return str(i * i) + (i % 3 == 1 ? ",none" : i % 2 ? ",mild" : ",bad");
  }));
  EXPECT_THAT(message(d),
              HasSubstr("d.csv: line 3: target \"y\" says nothing in 5 of 16 rows (\"none\"); leave these rows "
                        "out, or say not_missing"));
  d.csv.cells.not_missing = {"none"};
  Result<DataPair> pair = load_dataset(d);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(pair->train.classes, ElementsAre("bad", "mild", "none"));
}

TEST_F(TableSource, AClassForEveryPriceIsRegression) {
  DataSource d = source(table(
      "a,price", [](int i) { return str(i % 5) + "," + str(1000 + 7 * i); }, 300));
  d.tabular.task = Task::classification;
  EXPECT_THAT(message(d),
              HasSubstr("target \"price\" has 300 distinct numbers in 300 rows, too many for classes; task = "
                        "\"regression\" tells the number"));
}

TEST_F(TableSource, SplitsByTimeAndGroupAndNotAtAll) {
  const std::string text = table(
      "day,who,y", [](int i) { return "2024-01-" + str(31 - i) + ",p" + str(i % 4) + "," + str(i * 5 % 16) + ".5"; });
  DataSource d = source(text);
  d.split = SplitBy::time;
  d.split_column = "day";
  d.tabular.standardize = false;
  d.columns = {{"who", "drop"}};
  Result<DataPair> time = load_dataset(d);
  ASSERT_TRUE(time.ok()) << time.status().message();
  EXPECT_EQ(to_string(time->test.labels), "float32[4, 1] [[15.5], [10.5], [5.5], [0.5]]") << "the last days, in order";
  EXPECT_EQ(time->understood["split"].as_string(), "the last rows by \"day\" are held out");
  Result<Split> validation = split(time->train, 0.25, 1);
  ASSERT_TRUE(validation.ok());
  EXPECT_EQ(to_string(validation->held_out.labels), "float32[3, 1] [[14.5], [9.5], [4.5]]");

  d.columns.clear();
  d.split = SplitBy::group;
  d.split_column = "who";
  Result<DataPair> group = load_dataset(d);
  ASSERT_TRUE(group.ok()) << group.status().message();
  EXPECT_EQ(group->test.size(), 4);
  EXPECT_THAT(group->train.features, ElementsAre("day"));

  d.split = SplitBy::automatic;
  d.test_fraction = 0;
  Result<DataPair> all = load_dataset(d);
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_EQ(all->train.size(), 16);
  EXPECT_EQ(all->test.size(), 0);
}

TEST_F(TableSource, RowsWithoutAGroupAreNotOneGroup) {
  DataSource d =
      source(table("who,a,y", [](int i) { return (i == 6 ? "" : "p" + str(i % 4)) + "," + str(i) + ",1.5"; }));
  d.split = SplitBy::group;
  d.split_column = "who";
  EXPECT_THAT(message(d), HasSubstr("line 8: column \"who\": expected a group, found none"));
}

TEST_F(TableSource, WeightsThatAreAllZeroAreRefused) {
  DataSource d = source(table("a,w,y", [](int i) { return str(i) + ",0," + str(i % 2); }));
  d.tabular.weight = "w";
  EXPECT_THAT(message(d), HasSubstr("column \"w\": every weight is 0; nothing would be learned"));
}

TEST_F(TableSource, ANumberBeyondFloat32NamesItsCell) {
  DataSource d = source(table("a,y", [](int i) { return (i == 3 ? "1e39" : str(i)) + "," + str(i % 2); }));
  EXPECT_THAT(message(d), HasSubstr("line 5: column \"a\": expected a number that float32 can hold, found \"1e39\""));
}

TEST_F(TableSource, SeveralTargetsAndLabels) {
  DataSource d = source(table("a,u,v", [](int i) { return str(i * i) + "," + str(i) + "," + str(-2 * i); }));
  d.targets.columns = {"u", "v"};
  d.test_fraction = 0;
  Result<DataPair> numbers = load_dataset(d);
  ASSERT_TRUE(numbers.ok()) << numbers.status().message();
  EXPECT_EQ(to_string(numbers->train.labels.rows(0, 3)), "float32[3, 2] [[0, 0], [1, -2], [2, -4]]");
  EXPECT_THAT(numbers->train.features, ElementsAre("a"));
  EXPECT_TRUE(numbers->train.classes.empty());

  d = source(table("a,u,v", [](int i) { return str(i * i) + (i % 2 ? ",1,no" : ",0,yes"); }));
  d.targets.columns = {"u", "v"};
  d.test_fraction = 0;
  Result<DataPair> labels = load_dataset(d);
  ASSERT_TRUE(labels.ok()) << labels.status().message();
  EXPECT_THAT(labels->train.classes, ElementsAre("u", "v"));
  EXPECT_EQ(to_string(labels->train.labels.rows(0, 2)), "float32[2, 2] [[0, 1], [1, 0]]");
  EXPECT_EQ(labels->understood["target"]["task"].as_string(), "labels");

  d = source(table("a,tags", [](int i) {
    return str(i * i) + (i % 3 == 0 ? "," : i % 3 == 1 ? ",war|love" : ",fun");
  }));
  d.targets = {.columns = {"tags"}, .separator = "|"};
  d.test_fraction = 0;
  Result<DataPair> lists = load_dataset(d);
  ASSERT_TRUE(lists.ok()) << lists.status().message();
  EXPECT_THAT(lists->train.classes, ElementsAre("fun", "love", "war"));
  EXPECT_EQ(to_string(lists->train.labels.rows(0, 3)), "float32[3, 3] [[0, 0, 0], [0, 1, 1], [1, 0, 0]]");
}

TEST_F(TableSource, ATestFileOfItsOwn) {
  auto row = [](int i) { return str(i * i) + (i % 2 ? ",1" : ",0"); };
  DataSource d = source(table("a,y", row));
  d.test_path = source(table("a,y", row, 4), "test.csv").path;
  Result<DataPair> pair = load_dataset(d);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(pair->train.size(), 16);
  EXPECT_EQ(pair->test.size(), 4);
}

TEST_F(TableSource, ARareClassIsNoted) {
  Result<DataPair> pair = load_dataset(source(table(
      "a,y", [](int i) { return str(i * i) + (i % 20 == 0 ? ",1" : ",0"); }, 200)));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(notes(*pair), HasSubstr("is rare, 5.3 % of the examples: class_weight"));
}

}  // namespace
}  // namespace slipway
