// Cells: the one plain spelling.
#include "data/cells.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Cells, ThreeWordsForNothingAreOne) {
  for (const char* word : {"", "?", "NA", "n/a", "NaN", "null", "None", "none", "<NA>", "#N/A", "NaT"}) {
    EXPECT_EQ(plain_cell(word), "") << word;
  }
  for (const char* word : {"oops", "0", "-", "no", "nano", "NAB"}) EXPECT_EQ(plain_cell(word), word);
  EXPECT_EQ(plain_cell("oops", {.missing = {"oops"}}), "");
  EXPECT_EQ(plain_cell("NA", {.missing = {"oops"}}), "");
  EXPECT_EQ(plain_cell("None", {.not_missing = {"None"}}), "None");
}

TEST(Cells, AWholeNumberHasOneSpelling) {
  const std::pair<const char*, const char*> table[] = {
      {"1.0", "1"}, {"1", "1"},       {"-2.000", "-2"},   {"1.50", "1.50"}, {"1.", "1."},
      {".0", ".0"}, {"v1.0", "v1.0"}, {"1.0.0", "1.0.0"}, {"10", "10"},     {"1.0e3", "1.0e3"},
  };
  for (const auto& [cell, plain] : table) EXPECT_EQ(plain_cell(cell), plain) << cell;
}

TEST(Cells, DecimalCommas) {
  const std::pair<const char*, const char*> table[] = {
      {"1,5", "1.5"}, {"-0,25", "-0.25"}, {"1.234,5", "1234.5"}, {"1.234.567", "1234567"},     {"2,0", "2"},
      {"1.5", "1.5"}, {"12.34", "12.34"}, {"1,2,3", "1,2,3"},    {"1.23,5", "1.23,5"},         {"a,b", "a,b"},
      {",5", ",5"},   {"1,", "1,"},       {"1234", "1234"},      {"31.05.2024", "31.05.2024"},
  };
  for (const auto& [cell, plain] : table) EXPECT_EQ(plain_cell(cell, {.decimal = ','}), plain) << cell;
  EXPECT_EQ(plain_cell("1,5"), "1,5");
}

TEST(Cells, APointBehindALeadingZeroIsNoneBetweenThousands) {
  const std::pair<const char*, const char*> table[] = {
      {"0.370", "0.370"}, {"-0.370", "-0.370"}, {"012.345", "012.345"},     {"0.370,5", "0.370,5"},
      {"1.370", "1370"},  {"1.2345", "1.2345"}, {"12.345.678", "12345678"}, {"1.000", "1000"},
      {"1.0000", "1"},    {"0,370", "0.370"},
  };
  for (const auto& [cell, plain] : table) EXPECT_EQ(plain_cell(cell, {.decimal = ','}), plain) << cell;
  EXPECT_FALSE(has_decimal_comma("0.370,5"));
}

TEST(Cells, OptionsTravelAsJson) {
  const CellOptions options{.missing = {"oops"}, .not_missing = {"None"}, .decimal = ','};
  EXPECT_EQ(to_json(options).dump(), R"({"missing":["oops"],"not_missing":["None"],"decimal":","})");
  const CellOptions read = cell_options(to_json(options));
  EXPECT_EQ(to_json(read).dump(), to_json(options).dump());
  EXPECT_EQ(to_json(CellOptions{}).dump(), "{}");
}

}  // namespace
}  // namespace slipway
