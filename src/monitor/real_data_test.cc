// Detectors on data nobody here made: the Numenta Anomaly Benchmark, an electricity market, handwritten digits.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/gzip.h"
#include "monitor/detectors/all.h"
#include "monitor/recorder.h"
#include "monitor/series.h"
#include "sketch/baseline_builder.h"
#include "support/places.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;

std::string read_plain_or_gzip(const fs::path& path) {
  std::string bytes = read_file(path).value();
  return is_gzip(bytes) ? gunzip(bytes, path.string()).value() : bytes;
}

// The cells of a CSV file without quotes, header left out.
std::vector<std::vector<std::string>> read_csv(const fs::path& path) {
  std::vector<std::vector<std::string>> rows;
  const std::string text = read_plain_or_gzip(path);
  for (size_t at = text.find('\n') + 1; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::vector<std::string> cells(1);
    for (char c : text.substr(at, end - at)) {
      if (c == ',') {
        cells.emplace_back();
      } else if (c != '\r') {
        cells.back() += c;
      }
    }
    rows.push_back(std::move(cells));
    at = end + 1;
  }
  return rows;
}

// When a detector fires on a NAB series fed as latency, as the series' own time stamps.
std::vector<std::string> firing_times(const char* detector, const fs::path& series) {
  std::vector<std::string> times;
  View view;
  for (const auto& row : read_csv(series)) {
    view.points.push_back({.requests = 100, .latency = std::stod(row[1])});
    if (view.points.size() > 600) view.points.erase(view.points.begin());
    for (const Finding& f : find_detector(detector)->detect(view, {})) {
      if (f.firing()) times.push_back(row[0]);
    }
  }
  return times;
}

class Nab : public ::testing::TestWithParam<const char*> {
 protected:
  fs::path folder_ = data_folder() / "anomaly" / "nab";
  void SetUp() override {
    if (!fs::exists(folder_)) GTEST_SKIP() << "no NAB in " << folder_ << "; set SLIPWAY_DATA";
  }
};

TEST_P(Nab, SeriesWithoutAnomalyAreSilent) {
  EXPECT_THAT(firing_times(GetParam(), folder_ / "artificialNoAnomaly" / "art_noisy.csv"), ::testing::IsEmpty());
  EXPECT_THAT(firing_times(GetParam(), folder_ / "artificialNoAnomaly" / "art_flatline.csv"), ::testing::IsEmpty());
}

TEST_P(Nab, AJumpOfADailyPatternIsSeenWithinItsLabelledWindow) {
  const Json windows = Json::parse(read_file(folder_ / "windows.json").value()).value();
  const std::string name = "artificialWithAnomaly/art_daily_jumpsup.csv";
  const Json& window = windows[name].items()[0];
  const std::string begin = window.items()[0].as_string(), end = window.items()[1].as_string();
  std::vector<std::string> times = firing_times(GetParam(), folder_ / name);
  // The first day is spent learning that days rise and fall.
  std::erase_if(times, [](const std::string& t) { return t < "2014-04-02 12"; });
  ASSERT_FALSE(times.empty());
  EXPECT_GE(times.front(), begin);
  EXPECT_LE(times.front(), end);
}

INSTANTIATE_TEST_SUITE_P(Charts, Nab, ::testing::Values("threshold", "ewma"));

// An electricity market: prices and demand of two states, half an hour a row. The transfer between the states only
// begins after about 17,000 rows: a drift that really happened.
TEST(Elec, TheBeginningTransferIsNamed) {
  const fs::path path = data_folder() / "streams" / "elec.csv.gz";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path << "; set SLIPWAY_DATA";
  const std::vector<std::vector<std::string>> rows = read_csv(path);
  std::vector<float> x;
  for (const auto& row : rows) {
    for (size_t i = 0; i < 6; ++i) x.push_back(std::stof(row[i]));
  }
  BaselineBuilder builder(6, 1, {.names = {"period", "price", "demand", "vic price", "vic demand", "transfer"}});
  std::vector<float> output(1, 0.9f);
  for (size_t r = 0; r < 12000; ++r) ASSERT_TRUE(builder.add({&x[r * 6], 6}, output, 1).ok());
  auto baseline = std::make_shared<const Baseline>(builder.build().value());
  auto judge = [&](size_t from) {
    Recorder recorder({}, baseline);
    for (size_t r = from; r < from + 960; ++r) {
      std::vector<float> row(x.begin() + static_cast<std::ptrdiff_t>(r * 6),
                             x.begin() + static_cast<std::ptrdiff_t>(r * 6 + 6));
      recorder.observe({.version = 1,
                        .time_us = static_cast<int64_t>(r + 1),
                        .rows = 1,
                        .input = Tensor::of<float>({1, 6}, row),
                        .output = Tensor::of<float>({1, 1}, output)});
    }
    View view{.recent = recorder.recent(static_cast<int64_t>(from + 960)), .baseline = baseline.get()};
    return find_detector("input_drift")->detect(view, {}).at(0);
  };
  const Finding later = judge(30000);
  EXPECT_TRUE(later.firing());
  std::vector<std::string> names;
  for (const Json& f : later.evidence["top"].items()) names.push_back(f["feature"].as_string());
  EXPECT_THAT(names, Contains("transfer"));
  EXPECT_THAT(names, Contains("vic demand"));
  const Finding before = judge(13000);
  for (const Json& f : before.evidence["top"].items()) EXPECT_NE(f["feature"].as_string(), "transfer");
}

// Digits answered by an oracle, so that only inputs decide.
class Digits : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path folder = data_folder() / "mnist";
    if (!fs::exists(folder)) GTEST_SKIP() << "no MNIST in " << folder << "; set SLIPWAY_DATA";
    train_ = read_plain_or_gzip(folder / "train-images-idx3-ubyte.gz");
    train_labels_ = read_plain_or_gzip(folder / "train-labels-idx1-ubyte.gz");
    test_ = read_plain_or_gzip(folder / "t10k-images-idx3-ubyte.gz");
    test_labels_ = read_plain_or_gzip(folder / "t10k-labels-idx1-ubyte.gz");
    BaselineBuilder builder(784, 10, {.row_shape = {28, 28}});
    for (size_t i = 0; i < 20000; ++i) {
      ASSERT_TRUE(builder.add(image(train_, i * 3), answer(train_labels_, i * 3), 1).ok());
    }
    // The test set comes writer by writer; clients do not.
    Random random(1);
    order_ = permutation(10000, random);
    baseline_ = std::make_shared<const Baseline>(Baseline::from_json(builder.build().value().to_json()).value());
  }
  static std::vector<float> image(const std::string& idx, size_t i) {
    std::vector<float> pixels(784);
    for (size_t p = 0; p < 784; ++p) pixels[p] = static_cast<float>(static_cast<uint8_t>(idx[16 + i * 784 + p])) / 255;
    return pixels;
  }
  static std::vector<float> answer(const std::string& idx, size_t i) {
    std::vector<float> y(10, 0.005f);
    y[static_cast<uint8_t>(idx[8 + i])] = 0.955f;
    return y;
  }
  // `count` test images from `first` on, each changed, as the newest answers of a version.
  static std::vector<float> random_answer(const std::string&, size_t, Random& random) {
    std::vector<float> y(10, 0.005f);
    y[random.below(10)] = 0.955f;
    return y;
  }
  static std::vector<float> permuted_answer(const std::string& idx, size_t i, Random& random) {
    std::vector<float> y = true_answer(idx, i, random);
    std::rotate(y.begin(), y.begin() + 3, y.end());
    return y;
  }
  static std::vector<float> true_answer(const std::string& idx, size_t i, Random&) { return answer(idx, i); }

  View answers(size_t first, size_t count, void (*change)(std::vector<float>&, Random&),
               std::vector<float> (*respond)(const std::string&, size_t, Random&) = true_answer) {
    Recorder recorder({.recent_rows = static_cast<int64_t>(count)}, baseline_);
    Random random(first);
    for (size_t i = first; i < first + count; ++i) {
      std::vector<float> x = image(test_, order_[i]);
      change(x, random);
      recorder.observe({.version = 1,
                        .time_us = static_cast<int64_t>(i + 1),
                        .rows = 1,
                        .input = Tensor::of<float>({1, 28, 28}, x),
                        .output = Tensor::of<float>({1, 10}, respond(test_labels_, order_[i], random))});
    }
    return {.recent = recorder.recent(20000), .baseline = baseline_.get()};
  }
  static std::vector<std::string> firing(const View& view) {
    std::vector<std::string> names;
    for (const Detector* d : all_detectors()) {
      for (const Finding& f : d->detect(view, {})) {
        if (f.firing()) names.push_back(fmt::format("{}/{}: {}", d->name, f.subject, f.message));
      }
    }
    return names;
  }

  std::vector<uint32_t> order_;
  std::string train_, train_labels_, test_, test_labels_;
  std::shared_ptr<const Baseline> baseline_;
};

void as_it_is(std::vector<float>&, Random&) {}
void inverted(std::vector<float>& x, Random&) {
  for (float& v : x) v = 1 - v;
}
void brighter(std::vector<float>& x, Random&) {
  for (float& v : x) v = std::min(1.0f, v + 0.2f);
}
void darker(std::vector<float>& x, Random&) {
  for (float& v : x) v *= 0.5f;
}
void noisy(std::vector<float>& x, Random& random) {
  for (float& v : x) v = std::clamp(v + 0.2f * static_cast<float>(random.normal()), 0.0f, 1.0f);
}
void unscaled(std::vector<float>& x, Random&) {
  for (float& v : x) v *= 255;
}

TEST_F(Digits, OfTheTestSetRaiseNothing) {
  for (size_t first = 0; first + 400 <= 10000; first += 400) {
    EXPECT_THAT(firing(answers(first, 400, as_it_is)), ::testing::IsEmpty()) << first;
  }
}

TEST_F(Digits, ThatAreChangedAreCaughtWithinFiveHundredAndNamed) {
  for (auto change : {inverted, brighter, darker, noisy, unscaled}) {
    for (size_t count : {150u, 500u}) {
      View view = answers(2000, count, change);
      Finding f = find_detector("input_drift")->detect(view, {}).at(0);
      EXPECT_TRUE(f.firing()) << f.message;
      EXPECT_FALSE(f.evidence["top"].items().empty());
      EXPECT_THAT(f.message, HasSubstr("of 786 features"));
    }
  }
}

TEST_F(Digits, AnsweredAtRandomOrWithPermutedLabelsAreCaught) {
  for (auto respond : {random_answer, permuted_answer}) {
    for (size_t first = 0; first + 500 <= 10000; first += 500) {
      Finding f = find_detector("class_inputs")->detect(answers(first, 500, as_it_is, respond), {}).at(0);
      EXPECT_TRUE(f.firing()) << f.statistic;
    }
  }
}

}  // namespace
}  // namespace slipway
