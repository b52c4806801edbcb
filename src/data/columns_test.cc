// Columns: what they are taken for, and what is refused rather than misread.
#include "data/columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<std::vector<ColumnFacts>> facts(std::string_view text, const ColumnWords& words = {},
                                       const CsvOptions& options = {}) {
  CsvTable table = TRY(parse_csv(text, "t.csv", options));
  return look_at(table, words);
}

// Ten rows "0,…", "1,…" with the cells of a column "x".
std::string column_of(std::vector<std::string> cells) {
  std::string text = "x;y\n";
  for (const std::string& cell : cells) text += cell + ";a\n";
  return text;
}

TEST(Columns, FactsOfEveryKind) {
  Result<std::vector<ColumnFacts>> found =
      facts("n,d,c,e,n2\n1,2024-01-02,red,,1\n3,2024-01-01,blue,NA,3\nNone,2024-03-01,red,,\n4.0,2024-01-01,red,,4\n");
  ASSERT_TRUE(found.ok()) << found.status().message();
  std::vector<std::string> texts;
  for (const ColumnFacts& each : *found) texts.push_back(to_json(each).dump());
  EXPECT_THAT(
      texts,
      ElementsAre(
          R"({"name":"n","type":"number","missing":1,"distinct":3,"missing_as":{"None":1},"least":1,"most":4,"mean":2.6666666666666665})",
          R"({"name":"d","type":"date","missing":0,"distinct":3,"first":"2024-01-01","last":"2024-03-01"})",
          R"({"name":"c","type":"category","missing":0,"distinct":2,"values":{"red":3,"blue":1}})",
          R"({"name":"e","type":"empty","missing":4,"distinct":0,"missing_as":{"":3,"NA":1}})",
          R"({"name":"n2","type":"number","missing":1,"distinct":3,"missing_as":{"":1},"least":1,"most":4,"mean":2.6666666666666665})"));
  EXPECT_EQ((*found)[4].same_as, "n");
}

TEST(Columns, OneBadCellDoesNotMakeNumbersACategory) {
  const std::string text = column_of({"1", "2", "3", "4", "5", "oops", "7", "8", "9", "10"});
  EXPECT_EQ(facts(text).status().message(),
            "t.csv: line 7: column \"x\": expected a number as in 9 of 10 cells, found \"oops\"; mend the cell, or say "
            "missing = [\"oops\"] where such cells say nothing, or columns.x = \"category\"");
  EXPECT_EQ(facts(text, {{"x", "category"}})->at(0).kind, ColumnKind::category);
  EXPECT_EQ(facts(text, {{"x", "drop"}})->at(0).kind, ColumnKind::category);
  Result<std::vector<ColumnFacts>> said = facts(text, {}, {.cells = {.missing = {"oops"}}});
  ASSERT_TRUE(said.ok()) << said.status().message();
  EXPECT_EQ(said->at(0).kind, ColumnKind::number);
  EXPECT_EQ(said->at(0).missing, 1);
}

TEST(Columns, TextWithSomeNumbersIsACategory) {
  EXPECT_EQ(facts(column_of({"1", "2", "3A", "4", "5", "6B", "7", "8", "9", "10"}))->at(0).kind, ColumnKind::category);
  EXPECT_EQ(facts(column_of({"1", "2", "A"}))->at(0).kind, ColumnKind::category) << "too few to tell";
}

TEST(Columns, DecimalCommasAreNamed) {
  const std::string text = column_of({"1,5", "2,5", "3", "4,25"});
  EXPECT_THAT(facts(text).status().message(),
              HasSubstr("t.csv: line 2: column \"x\": expected a number, found \"1,5\"; 3 of 4 cells have a decimal "
                        "comma: decimal = \",\" reads them"));
  Result<std::vector<ColumnFacts>> read = facts(text, {}, {.cells = {.decimal = ','}});
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->at(0).most, 4.25);
}

TEST(Columns, WordsHold) {
  const std::string text = "x y,d\n1,2024-01-01\na,x\n";
  EXPECT_THAT(facts(text, {{"x y", "number"}}).status().message(),
              HasSubstr("line 3: column \"x y\": expected a number, as columns says, found \"a\""));
  EXPECT_THAT(facts(text, {{"d", "date"}}).status().message(), HasSubstr("line 3: column \"d\": expected a date"));
  EXPECT_THAT(facts(text, {{"e", "date"}}).status().message(), HasSubstr("there is no column \"e\""));
  EXPECT_THAT(facts(text, {{"d", "text"}}).status().message(),
              HasSubstr("columns.d: expected one of number, category, date, drop, found \"text\""));
}

TEST(Columns, RowNumbersAreFound) {
  Result<std::vector<ColumnFacts>> pandas = facts(",a,id\n0,5,1\n1,6,2\n2,5,3\n");
  ASSERT_TRUE(pandas.ok());
  EXPECT_THAT(row_numbers(*pandas), ElementsAre("column 1"));
  EXPECT_THAT(row_numbers(*facts("Unnamed: 0,a\n0,5\n1,6\n2,7\n")), ElementsAre("Unnamed: 0"));
  EXPECT_THAT(row_numbers(*facts("0,5\n1,6\n2,7\n")), ElementsAre()) << "a table without a header";
  EXPECT_THAT(row_numbers(*facts(",a\n0,5\n2,6\n1,7\n")), ElementsAre());
  EXPECT_THAT(remarks(*pandas, {"column 1"}),
              ElementsAre("column \"id\" counts the rows; drop = [\"id\"] leaves it out"));
}

TEST(Columns, RemarksNameWhatSaysNothing) {
  Result<std::vector<ColumnFacts>> found = facts("a,b,c,y\n1,1,5,0\n2,2,5,1\n5,5,5,0\n9,9,5,1\n");
  ASSERT_TRUE(found.ok());
  EXPECT_THAT(remarks(*found, {"y"}), ElementsAre("column \"b\" has the cells of \"a\"; one of them is enough",
                                                  "column \"c\" has one value in every row; it says nothing"));
  EXPECT_THAT(remarks(*facts("y,b\n1,1\n2,2\n5,5\n"), {"y"}),
              ElementsAre("column \"b\" has the cells of \"y\", which is no feature; drop it if it tells the answer"));
}

}  // namespace
}  // namespace slipway
