// Columns: what they are taken for, and what is refused rather than misread.
#include "data/columns.h"

#include <fmt/format.h>
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

TEST(Columns, OneBadCellDoesNotMakeDatesACategory) {
  std::vector<std::string> cells;
  for (int day = 1; day <= 9; ++day) cells.push_back("2024-05-0" + std::to_string(day));
  cells.insert(cells.begin() + 4, "soon");
  EXPECT_EQ(facts(column_of(cells)).status().message(),
            "t.csv: line 6: column \"x\": expected a date as in 9 of 10 cells, found \"soon\"; mend the cell, or say "
            "missing = [\"soon\"] where such cells say nothing, or columns.x = \"category\"");
  EXPECT_EQ(facts(column_of(cells), {}, {.cells = {.missing = {"soon"}}})->at(0).kind, ColumnKind::date);
}

TEST(Columns, ThousandsAreNotTakenForDecimals) {
  EXPECT_THAT(facts(column_of({"1,100", "12,250", "300"})).status().message(),
              HasSubstr("found \"1,100\"; 2 of 3 cells have a comma before three digits: where it stands between "
                        "thousands, take it out; where it is a decimal comma, say decimal = \",\""));
  EXPECT_THAT(facts(column_of({"0,100", "12,250", "300"})).status().message(), HasSubstr("have a decimal comma"));
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
  EXPECT_THAT(row_numbers(*facts(",a\n0,5\n2,6\n1,7\n")), ElementsAre("column 1")) << "shuffled";
  EXPECT_THAT(row_numbers(*facts(",a\n40,5\n7,6\n81,7\n")), ElementsAre("column 1")) << "a part of a table";
  EXPECT_THAT(row_numbers(*facts(",a\n0,5\n2,6\n2,7\n")), ElementsAre()) << "a value that comes again";
  EXPECT_THAT(row_numbers(*facts(",a\n0.5,5\n2,6\n1,7\n")), ElementsAre()) << "no whole numbers";
  std::string customers = "customer,year,y\n";
  for (int i = 0; i < 200; ++i) customers += fmt::format("{},{},{}\n", 4711 + i, 1900 + i % 9, i % 2);
  EXPECT_TRUE((*facts(customers))[0].counts_rows) << "from any number on";
  EXPECT_FALSE((*facts("year,y\n2019,5\n2020,6\n2021,7\n"))[0].counts_rows) << "years of a small table";
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

TEST(Columns, RemarksNameWhatIsHardlyTold) {
  std::string dates = "when,y\n", times = "at,y\n", words = "on,y\n";
  for (int i = 0; i < 30; ++i) {
    dates += std::to_string(10 + i % 20) + ".05.20" + std::to_string(10 + i) + ",1\n";
    times += std::to_string(1700000000 + i) + ",1\n";
    words += (i % 3 == 0 ? "TRUE" : i % 3 == 1 ? "True" : "no") + std::string(",1\n");
  }
  EXPECT_THAT(
      remarks(*facts(dates), {"y"}),
      ElementsAre("column \"when\" is text with 30 different values in 30 rows, such as \"10.05.2010\"; numbers "
                  "and dates of another spelling want 1100.5 and 2024-05-31, names are better dropped"));
  EXPECT_THAT(
      remarks(*facts(times), {"y"}),
      ElementsAre("column \"at\" has 30 values, of which a model (float32) tells 1 apart, since they are so far "
                  "from 0; take a fixed number off"));
  EXPECT_THAT(remarks(*facts(words), {"y"}),
              ElementsAre("column \"on\" has \"TRUE\" and \"True\", which are two values "
                          "here"));
  EXPECT_THAT(remarks(*facts("a,y\n1.25,1\n2.5,0\n1e9,1\n"), {"y"}), ElementsAre());
}

TEST(Columns, ANameThatItsColumnHasAsAValueIsDoubtful) {
  auto note = [](const char* text, const CsvOptions& options = {}) {
    Result<CsvTable> table = parse_csv(text, "t.csv", options);
    return table.ok() ? doubtful_header(*table, options) : table.status().message();
  };
  EXPECT_EQ(note("red,yes\ngreen,no\nblue,yes\nred,yes\n"),
            "the first row was taken for the columns' names, but \"red\" stands 1 times below it; header = false takes "
            "it for a row, header = true for names");
  EXPECT_EQ(note("colour,good\ngreen,no\nblue,yes\n"), "");
  EXPECT_EQ(note("red,yes\ngreen,no\nblue,yes\n", {.header = true}), "");
  EXPECT_EQ(note("red,yes\ngreen,no\nblue,yes\n", {.header = false}), "");
}

}  // namespace
}  // namespace slipway
