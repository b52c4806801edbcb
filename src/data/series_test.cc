// Series: windows, no leak across the split, forecasts without a model.
#include "data/series.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway {
namespace {

using testing::HasSubstr;
using testing::Not;

class Series : public ::testing::Test {
 protected:
  DataSource source(const std::string& text) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / "s.csv", text).ok());
    DataSource source{.kind = "series", .path = folder_.path() / "s.csv"};
    source.series = {.time = "month", .window = 3, .horizon = 2, .step = 1, .season = 0};
    return source;
  }
  // Ten months: y counts up from 0, z down; the file stands on its head.
  static std::string ten() {
    std::string text = "month,y,z\n";
    for (int i = 9; i >= 0; --i) {
      text += "2024-" + std::string(i < 9 ? "0" : "") + std::to_string(i + 1) + "," + std::to_string(i) + "," +
              std::to_string(-2 * i) + "\n";
    }
    return text;
  }
  TemporaryDirectory folder_;
};

TEST_F(Series, WindowsInOrderAndNoLabelOnBothSides) {
  DataSource s = source(ten());
  s.targets.columns = {"y"};
  s.test_fraction = 0.3;
  Result<DataPair> pair = load_dataset(s);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(to_string(pair->train.inputs.rows(0, 1)), "float32[1, 3, 2] [[[-1.5, 1.5], [-1, 1], [-0.5, 0.5]]]")
      << "rows 0 to 6: means 3 and -6, deviations 2 and 4";
  EXPECT_EQ(to_string(pair->train.labels), "float32[3, 2] [[3, 4], [4, 5], [5, 6]]") << "rows 7 to 9 are the test's";
  EXPECT_EQ(to_string(pair->test.labels), "float32[2, 2] [[7, 8], [8, 9]]");
  EXPECT_EQ(to_string(pair->test.inputs.rows(0, 1)), "float32[1, 3, 2] [[[0.5, -0.5], [1, -1], [1.5, -1.5]]]");
  EXPECT_EQ(raw_inputs(pair->train.preparation->front)[0].words, "3 values in time; mean 3, deviation 2");
  Result<Split> parts = split(pair->train, 0.34, 1);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(to_string(parts->held_out.labels), "float32[1, 2] [[5, 6]]");
  EXPECT_EQ(to_string(parts->rest.labels), "float32[1, 2] [[3, 4]]") << "the window that tells 5 as well is in neither";
}

TEST_F(Series, ForecastsThatNeedNoModel) {
  DataSource s = source(ten());
  s.targets.columns = {"y"};
  s.test_fraction = 0.3;
  s.series.season = 2;
  Result<DataPair> pair = load_dataset(s);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  // The last value is wrong by 1 and 2, that of two rows before by 2.
  EXPECT_EQ(pair->understood["forecast"]["last"]["mae"].as_double(), 1.5);
  EXPECT_EQ(pair->understood["forecast"]["seasonal"]["mae"].as_double(), 2);
  EXPECT_EQ(pair->understood["forecast"]["scale"].as_double(), 2);
}

TEST_F(Series, SaysWhatIsWrong) {
  DataSource s = source(ten());
  s.series.window = 9;
  EXPECT_THAT(load_dataset(s).status().message(),
              HasSubstr("give 0 training and 0 test windows of 9 rows with 2 to tell"));
  s = source("month,y\n2024-01,1\n2024-01,2\n");
  EXPECT_THAT(load_dataset(s).status().message(), HasSubstr("lines 2 and 3 have one time, 2024-01"));
  s = source("month,y\nsoon,1\n2024-01,2\n");
  EXPECT_THAT(load_dataset(s).status().message(), HasSubstr("line 2: column \"month\": expected a date"));
  s = source(ten());
  s.targets.columns = {"month"};
  EXPECT_THAT(load_dataset(s).status().message(),
              HasSubstr("target \"month\" is no column of numbers; these are: y, z"));
}

TEST_F(Series, StepsInTimeThatAreMissingAreTold) {
  std::string text = "month,y\n";
  for (int i = 0; i < 20; ++i) {
    const int month = i < 12 ? i : i + 5;  // the second January to May are not there
    text += fmt::format("{}-{:02},{}\n", 2023 + month / 12, month % 12 + 1, i);
  }
  Result<DataPair> pair = load_dataset(source(text));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_THAT(
      pair->understood["notes"].dump(),
      HasSubstr("1 of 19 steps in time are longer than usual, the longest from 2023-12 to 2024-06; windows reach "
                "across as if nothing was missing there"));
  EXPECT_THAT(load_dataset(source(ten()))->understood["notes"].dump(), Not(HasSubstr("steps in time")))
      << "months differ";
}

TEST_F(Series, MissingValuesAreTheOneBefore) {
  Result<DataPair> pair =
      load_dataset(source("month,y\n2024-01,1\n2024-02,NA\n2024-03,3\n2024-04,4\n2024-05,5\n2024-06,6\n"
                          "2024-07,7\n2024-08,8\n"));
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  const std::span<const float> x = pair->train.inputs.data<float>();
  EXPECT_EQ(x[1], x[0]);
  EXPECT_LT(x[1], x[2]);
  EXPECT_THAT(pair->understood["notes"].dump(), HasSubstr("1 missing values became the one before"));
}

}  // namespace
}  // namespace slipway
