// Tabular data: what columns become, missing and unknown values, what is refused; the real tables where they are.
#include "data/tabular.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/date.h"

#include "support/places.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<uint32_t> all_rows(const CsvTable& table) {
  std::vector<uint32_t> rows(table.rows.size());
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

Result<Dataset> dataset(std::string_view text, const TabularOptions& options = {}) {
  CsvTable table = TRY(parse_csv(text, "t.csv"));
  std::vector<uint32_t> rows = all_rows(table);
  TabularEncoding encoding = TRY(fit_encoding(table, rows, options));
  return encode(table, rows, encoding, "t");
}

constexpr const char* kText =
    "age,town,id,bought\n"
    "20,Ulm,1,yes\n"
    "40,Köln,2,no\n"
    "?,Ulm,3,yes\n";

TEST(Tabular, NumbersAreStandardizedAndTextIsOneHot) {
  Result<Dataset> data = dataset(kText, {.drop = {"id"}});
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_THAT(data->features, ElementsAre("age", "town=Köln", "town=Ulm"));
  EXPECT_THAT(data->classes, ElementsAre("no", "yes"));
  EXPECT_EQ(to_string(data->inputs), "float32[3, 3] [[-1, 0, 1], [1, 1, 0], [0, 0, 1]]") << "mean 30, deviation 10";
  EXPECT_EQ(to_string(data->labels), "int64[3] [1, 0, 1]");
  EXPECT_THAT(data->scaling.scale, ElementsAre(1));
  EXPECT_EQ(to_string(dataset(kText, {.drop = {"id"}, .standardize = false})->inputs),
            "float32[3, 3] [[20, 0, 1], [40, 1, 0], [30, 0, 1]]");
}

TEST(Tabular, TheTaskFollowsTheTarget) {
  EXPECT_THAT(dataset("x,y\n1,10\n2,9\n3,10\n")->classes, ElementsAre("9", "10")) << "sorted by value";
  Result<Dataset> regression = dataset("x,y\n1,10.5\n2,9\n");
  ASSERT_TRUE(regression.ok());
  EXPECT_EQ(to_string(regression->labels), "float32[2, 1] [[10.5], [9]]");
  EXPECT_TRUE(regression->classes.empty());
  EXPECT_EQ(dataset("x,y\n1,10\n2,9\n", {.task = Task::regression})->labels.dtype(), DType::f32);
  EXPECT_EQ(dataset("x,y\n1,10.5\n2,9\n", {.task = Task::classification})->classes.size(), 2u);
  EXPECT_THAT(dataset("x,y\na,1\nb,2\n", {.target = "x"})->features, ElementsAre("y"));
}

TEST(Tabular, OnlyTrainingRowsTeach) {
  Result<CsvTable> table = parse_csv("x,c,y\n0,a,0\n2,b,1\n100,z,1\nNA,?,0\n", "t.csv");
  ASSERT_TRUE(table.ok());
  std::vector<uint32_t> train = {0, 1}, test = {2, 3};
  Result<TabularEncoding> encoding = fit_encoding(*table, train, {});
  ASSERT_TRUE(encoding.ok());
  EXPECT_EQ(encoding->columns[0].mean, 1);
  Result<Dataset> data = encode(*table, test, *encoding, "test");
  ASSERT_TRUE(data.ok());
  EXPECT_EQ(to_string(data->inputs), "float32[2, 3] [[99, 0, 0], [0, 0, 0]]");
}

TEST(Tabular, SaysWhatIsWrong) {
  std::string many = "x,y\n";
  for (int i = 0; i < 101; ++i) many += "word" + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
  const std::tuple<std::string, TabularOptions, const char*> table[] = {
      {kText,
       {.target = "boughd"},
       "t.csv: there is no column \"boughd\"; did you mean bought? (it has age, town, id, bought)"},
      {kText, {.drop = {"Id"}}, "there is no column \"Id\""},
      {kText, {.drop = {"age", "town", "id"}}, "expected columns beside the target \"bought\", found none"},
      {kText, {.task = Task::regression}, "line 2: column \"bought\": expected a number as target, found \"yes\""},
      {"x,y\n?,1\nNA,0\n", {}, "column \"x\" has no values to learn from; drop it"},
      {"x,y\n1,a\n2,?\n3,b\n", {}, "line 3: column \"y\": expected one of a, b, found \"\""},
      {"x,y\n1,a\n2,a\n", {}, "target \"y\": expected at least 2 classes, found 1"},
      {many,
       {},
       "column \"x\" is text with 101 distinct values, more than 100; drop it, group its values or set "
       "categories = \"index\""},
  };
  for (const auto& [text, options, message] : table) {
    EXPECT_THAT(dataset(text, options).status().message(), HasSubstr(message));
  }
}

TEST(Tabular, WhatStandsForMissingCells) {
  const char* text = "x,c,y\n1,a,0\n1,b,1\n4,b,0\n10,?,1\n?,a,0\n";
  const std::pair<Missing, float> table[] = {
      {Missing::mean, 4.f}, {Missing::median, 2.5f}, {Missing::most_frequent, 1.f}};
  for (const auto& [missing, number] : table) {
    Result<Dataset> data = dataset(text, {.standardize = false, .missing = missing});
    ASSERT_TRUE(data.ok()) << data.status().message();
    EXPECT_EQ(data->inputs.data<float>()[4 * 3], number);
    EXPECT_EQ(data->inputs.data<float>()[3 * 3 + 1], missing == Missing::most_frequent ? 1 : 0) << "category a";
  }
  Result<Dataset> marked = dataset(text, {.standardize = false, .missing_indicator = true});
  EXPECT_THAT(marked->features, ElementsAre("x", "x missing", "c=a", "c=b", "c missing"));
  EXPECT_EQ(to_string(marked->inputs.rows(3, 5)), "float32[2, 5] [[10, 0, 0, 0, 1], [4, 1, 1, 0, 0]]");
}

TEST(Tabular, CategoriesAsIndicesAndNumbersAsCategories) {
  Result<CsvTable> table = parse_csv("c,n,y\nb,5,0\na,7,1\nz,9,1\n", "t.csv");
  ASSERT_TRUE(table.ok());
  std::vector<uint32_t> train = {0, 1}, test = {1, 2};
  TabularOptions options{.categorical = {"n"}, .categories = Categories::index};
  Result<TabularEncoding> encoding = fit_encoding(*table, train, options);
  ASSERT_TRUE(encoding.ok()) << encoding.status().message();
  Result<Dataset> data = encode(*table, test, *encoding, "test");
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ(to_string(data->inputs), "float32[2, 2] [[1, 2], [0, 0]]") << "0 was not seen in training";
  EXPECT_THAT(dataset("x,y\n1,0\n2,1\n", {.categorical = {"z"}}).status().message(),
              HasSubstr("there is no column \"z\""));
}

TEST(Tabular, DatesBecomeDays) {
  const std::pair<const char*, std::optional<double>> table[] = {{"1970-01-01", 0},
                                                                 {"2000-02-29", 11016},
                                                                 {"1969-12-31", -1},
                                                                 {"1970-01-02T06:00", 1.25},
                                                                 {"1970-01-01 12:00:00", .5},
                                                                 {"1970-01-01T12:00:00Z", .5},
                                                                 {"1970-01-01T12:00:00.25Z", 43200.25 / 86400},
                                                                 {"1970-01-01T12:00+02:00", 10. / 24},
                                                                 {"1970-01-01T23:00-0530", 1 + 4.5 / 24},
                                                                 {"1970-01-01 12:00:00.", {}},
                                                                 {"1970-01-01T12:00ZZ", {}},
                                                                 {"1970-01-01T12:00+25:00", {}},
                                                                 {"2001-02-29", {}},
                                                                 {"1970-1-1", {}},
                                                                 {"1970-01-01T25:00", {}},
                                                                 {"1970-01-01x", {}},
                                                                 {"", {}}};
  for (const auto& [text, days] : table) EXPECT_EQ(parse_date(text), days) << text;
  Result<Dataset> data = dataset("day,y\n1970-01-03,0\n1970-01-05,1\nNA,1\n", {.no_standardize = {"day"}});
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_EQ(to_string(data->inputs), "float32[3, 1] [[2], [4], [3]]");
  EXPECT_EQ(raw_inputs(data->preparation->front)[0].words, "days since 1970-01-01; missing counts as 3");
}

TEST(Tabular, TestRowsMustFit) {
  Result<CsvTable> train = parse_csv("x,y\n1,0\n2,1\n", "train.csv");
  Result<CsvTable> text = parse_csv("x,y\n1,0\nfive,1\n", "test.csv");
  Result<CsvTable> other = parse_csv("x,z\n1,0\n", "other.csv");
  Result<TabularEncoding> encoding = fit_encoding(*train, all_rows(*train), {});
  ASSERT_TRUE(encoding.ok());
  EXPECT_EQ(
      encode(*text, all_rows(*text), *encoding, "t").status().message(),
      "test.csv: line 3: column \"x\": expected a number as in the training rows, found \"five\"; mend the cell or "
      "drop the column");
  EXPECT_EQ(encode(*other, all_rows(*other), *encoding, "t").status().message(),
            "other.csv: expected the columns x, y; found x, z");
}

fs::path real_data(const char* file) { return data_folder() / "tabular" / file; }

TEST(Tabular, ReadsRealTables) {
  if (!fs::exists(real_data("german_data_credit.csv"))) GTEST_SKIP() << "no real tables; set SLIPWAY_DATA";
  Result<CsvTable> german = load_csv(real_data("german_data_credit.csv"));
  ASSERT_TRUE(german.ok()) << german.status().message();
  EXPECT_EQ(german->rows.size(), 1000u);
  Result<TabularEncoding> encoding = fit_encoding(*german, all_rows(*german), {});
  ASSERT_TRUE(encoding.ok()) << encoding.status().message();
  Result<Dataset> data = encode(*german, all_rows(*german), *encoding, "german");
  ASSERT_TRUE(data.ok()) << data.status().message();
  EXPECT_THAT(data->classes, ElementsAre("0", "1"));
  EXPECT_THAT(data->features, testing::Contains("credit-history=critical account"));

  Result<CsvTable> clients = load_csv(real_data("credit-card-clients.csv.gz"));
  ASSERT_TRUE(clients.ok()) << clients.status().message();
  EXPECT_EQ(clients->rows.size(), 30000u);
  EXPECT_EQ(clients->header.size(), 24u);
  Result<TabularEncoding> numbers = fit_encoding(*clients, all_rows(*clients), {});
  ASSERT_TRUE(numbers.ok());
  EXPECT_NEAR(numbers->columns[0].mean, 167484.3227, 1e-3);
}

}  // namespace
}  // namespace slipway
