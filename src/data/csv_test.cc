// CSV: RFC 4180 by table, sniffing, errors with lines.
#include "data/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/gzip.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string shown(std::string_view text, const CsvOptions& options = {}) {
  Result<CsvTable> table = parse_csv(text, "t.csv", options);
  if (!table.ok()) return table.status().message();
  std::string out = fmt::format("{}", fmt::join(table->header, "|"));
  for (const auto& row : table->rows) out += fmt::format(" / {}", fmt::join(row, "|"));
  return out;
}

TEST(Csv, ReadsWhatRfc4180Says) {
  const std::pair<const char*, const char*> table[] = {
      {"a,b\n1,2\n3,4\n", "a|b / 1|2 / 3|4"},
      {"a,b\r\n1,2\r\n", "a|b / 1|2"},
      {"a,b\n1,2", "a|b / 1|2"},
      {"\xEF\xBB\xBF"
       "a,b\n1,2\n",
       "a|b / 1|2"},
      {"a,b\n\"x, y\",\"say \"\"hi\"\"\"\n", "a|b / x, y|say \"hi\""},
      {"a,b\n\"two\nlines\",2\n", "a|b / two\nlines|2"},
      {"a,b\n\"\",\n", "a|b / |"},
      {"a,b\n , x y \n", "a|b / |x y"},
      {"\n\na,b\n\n1,2\n\n", "a|b / 1|2"},
      {"a;b\n1,5;2\n", "a|b / 1,5|2"},
      {"a\tb\n1\t2\n", "a|b / 1|2"},
      {"a|b\n1|2\n", "a|b / 1|2"},
      {"name\nx\ny\n", "name / x / y"},
      {"1,2\n3,4\n", "column 1|column 2 / 1|2 / 3|4"},
      {"a,\n1,2\n", "a|column 2 / 1|2"},
      {"a,,y\n1,x,n\n", "a|column 2|y / 1|x|n"},
      {"a,y,\n1,n,\n", "a|y|column 3 / 1|n|"},
      {"a,,y\nb,x,n\n", "column 1|column 2|column 3 / a||y / b|x|n"},
      {",,\n1,2,3\n", "column 1|column 2|column 3 / || / 1|2|3"},
      {"sep=;\na;b\n1,5;2\n", "a|b / 1,5|2"},
      {"\xEF\xBB\xBF"
       "sep=|\r\na|b,c\r\n1|2\r\n",
       "a|b,c / 1|2"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(shown(text), expected) << text;
  EXPECT_EQ(shown("a,b\nc,d\n", {.header = false}), "column 1|column 2 / a|b / c|d");
  EXPECT_EQ(shown("1,2\nc,d\n", {.header = true}), "1|2 / c|d");
  EXPECT_EQ(shown("a,b\n1,2\n", {.delimiter = ';'}), "a,b / 1,2");
}

TEST(Csv, ErrorsNameTheLine) {
  EXPECT_EQ(shown("a,b\n\"1\n\",2\n3\n", {.delimiter = ','}),
            "t.csv: line 4: expected 2 cells as in the first line, found 1; quote cells that hold the delimiter");
  EXPECT_EQ(shown("a,b\n1,2\n\"x,3\n4,5\n"), "t.csv: line 3: a quote is opened and never closed; close or double it");
  EXPECT_EQ(
      shown("a,b\n\"x\"y,3\n", {.delimiter = ','}),
      "t.csv: line 2: expected ',' or the end of the line after a closing quote, found 'y'; double the quotes inside "
      "quoted text");
  EXPECT_EQ(shown(""), "t.csv: expected rows of data, found none; check the path and that the export was whole");
  EXPECT_EQ(shown("a,b\n"),
            "t.csv: expected rows of data below the header, found none; check the path and that the export was whole");
  EXPECT_EQ(shown("a,b,a\n1,2,3\n"), "t.csv: two columns are named \"a\"; rename one");
}

TEST(Csv, RowsKnowTheirLines) {
  Result<CsvTable> table = parse_csv("a,b\n\"x\n\ny\",2\n\n3,4\n", "t");
  ASSERT_TRUE(table.ok());
  EXPECT_THAT(table->lines, ElementsAre(2, 6));
}

TEST(Csv, OnePointMeansOneThingInAColumnOfDecimalCommas) {
  EXPECT_EQ(
      shown("a;b\n1.370;x\n2,5;y\n0.370;z\n", {.cells = {.decimal = ','}}),
      "t.csv: column \"a\": with decimal = \",\" the point of \"1.370\" (line 2) stands between thousands, that of "
      "\"0.370\" (line 4) does not; spell the numbers in one way, or take decimal = \",\" out");
  EXPECT_EQ(shown("a;b\n1.370;1.5\n2.000;2.0\n", {.cells = {.decimal = ','}}), "a|b / 1370|1.5 / 2000|2");
  EXPECT_EQ(shown("a;b\n31.05.2024;1.2.3\n1.370,5;x\n", {.cells = {.decimal = ','}}),
            "a|b / 31.05.2024|1.2.3 / 1370.5|x");
}

TEST(Csv, Numbers) {
  EXPECT_EQ(parse_number("1e-3"), 1e-3);
  EXPECT_EQ(parse_number("+2"), 2);
  EXPECT_EQ(parse_number("-0.5"), -0.5);
  for (const char* text : {"", " 7", "7 ", "1,5", "nan", "inf", "1e999", "0x10", "--1", "+-1"})
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
}

}  // namespace
}  // namespace slipway
