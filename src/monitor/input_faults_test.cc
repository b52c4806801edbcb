// Faults of inputs on data nobody here made, met by a running monitor: how many answers until the first alarm.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/gzip.h"
#include "sketch/baseline_builder.h"
#include "support/places.h"
#include "support/simulation.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using Row = std::vector<float>;

// Answers by the distance to the classes' means: not a good model, yet one whose answers and confidence follow its
// inputs.
class NearestMean {
 public:
  NearestMean(const std::vector<Row>& rows, const std::vector<size_t>& labels, size_t classes, float sharpness)
      : means_(classes, Row(rows.front().size(), 0)), sharpness_(sharpness) {
    std::vector<float> counts(classes, 0);
    for (size_t i = 0; i < rows.size(); ++i) {
      for (size_t f = 0; f < rows[i].size(); ++f) means_[labels[i]][f] += rows[i][f];
      ++counts[labels[i]];
    }
    for (size_t c = 0; c < classes; ++c) {
      for (float& x : means_[c]) x /= std::max(1.0f, counts[c]);
    }
  }
  Row answer(const Row& x) const {
    Row y;
    for (const Row& mean : means_) {
      float distance = 0;
      for (size_t f = 0; f < x.size(); ++f) distance += (x[f] - mean[f]) * (x[f] - mean[f]);
      y.push_back(-sharpness_ * distance);
    }
    const float most = *std::max_element(y.begin(), y.end());
    float sum = 0;
    for (float& v : y) sum += v = std::exp(v - most);
    for (float& v : y) v /= sum;
    return y;
  }

 private:
  std::vector<Row> means_;
  float sharpness_;
};

std::string read_plain_or_gzip(const fs::path& path) {
  std::string bytes = read_file(path).value();
  return is_gzip(bytes) ? gunzip(bytes, path.string()).value() : bytes;
}

struct Fault {
  const char* name;
  void (*change)(Row& row, Random& random);
};

// A model under 100 answers a second: a minute of the data as they are without an alarm, then `fault`.
class Traffic {
 public:
  Traffic(std::vector<Row> train, const std::vector<size_t>& labels, std::vector<Row> test, size_t classes,
          float sharpness, BaselineOptions options)
      : model_(train, labels, classes, sharpness), test_(std::move(test)) {
    BaselineBuilder builder(static_cast<int64_t>(train[0].size()), static_cast<int64_t>(classes), std::move(options));
    for (const Row& row : train) CHECK(builder.add(row, model_.answer(row), 1).ok(), "a row fits");
    baseline_ = std::make_shared<const Baseline>(builder.build().value());
  }
  // Answers until the first alarm; -1: none within 2000.
  int64_t answers_until(const Fault& fault) const {
    Random random(3);
    Simulation simulation(4, baseline_);
    size_t next = 0;
    bool faulty = false;
    auto make = [&](int64_t) {
      Row row = test_[next++ % test_.size()];
      if (faulty) fault.change(row, random);
      const Row y = model_.answer(row);
      return Observation{.model = "digits",
                         .version = 1,
                         .rows = 1,
                         .input = Tensor::of<float>({1, static_cast<int64_t>(row.size())}, row),
                         .output = Tensor::of<float>({1, static_cast<int64_t>(y.size())}, y)};
    };
    auto rate = [](int64_t) { return 100.0; };
    simulation.run(60, rate, make);
    EXPECT_THAT(simulation.raised(), ::testing::IsEmpty());
    simulation.forget();
    faulty = true;
    simulation.run(20, rate, make);
    alarms_ = simulation.raised();
    return simulation.first_answer();
  }
  const std::vector<std::string>& alarms() const { return alarms_; }

 private:
  NearestMean model_;
  std::vector<Row> test_;
  std::shared_ptr<const Baseline> baseline_;
  mutable std::vector<std::string> alarms_;
};

void check(const Traffic& traffic, std::span<const Fault> faults, int64_t within) {
  for (const Fault& fault : faults) {
    const int64_t answers = traffic.answers_until(fault);
    ::testing::Test::RecordProperty(fault.name, static_cast<int>(answers));
    EXPECT_TRUE(answers >= 0 && answers <= within)
        << fault.name << ": " << answers << fmt::format("\n{}", fmt::join(traffic.alarms(), "\n"));
  }
}

void add_noise(Row& x, Random& r, float deviation) {
  for (float& v : x) v = std::clamp(v + deviation * static_cast<float>(r.normal()), 0.0f, 1.0f);
}
void shift_right(Row& x, size_t pixels) {
  for (size_t y = 0; y < 28; ++y) {
    for (size_t c = 28; c-- > 0;) x[y * 28 + c] = c >= pixels ? x[y * 28 + c - pixels] : 0;
  }
}

const Fault kDigitFaults[] = {
    {"times_255",
     [](Row& x, Random&) {
       for (float& v : x) v *= 255;
     }},
    {"over_255",
     [](Row& x, Random&) {
       for (float& v : x) v /= 255;
     }},
    {"missing_rows_of_pixels", [](Row& x, Random&) { std::fill(x.begin() + 28 * 10, x.begin() + 28 * 16, 0.0f); }},
    {"one_pixel_stuck", [](Row& x, Random&) { x[14 * 28 + 2] = 1; }},
    {"nan",
     [](Row& x, Random& r) {
       if (r.uniform() < 0.3) x[r.below(784)] = NAN;
     }},
    {"noise_0.2", [](Row& x, Random& r) { add_noise(x, r, 0.2f); }},
    {"noise_0.05", [](Row& x, Random& r) { add_noise(x, r, 0.05f); }},
    {"bright",
     [](Row& x, Random&) {
       for (float& v : x) v = std::min(1.0f, v + 0.2f);
     }},
    {"dim",
     [](Row& x, Random&) {
       for (float& v : x) v *= 0.5f;
     }},
    {"inverted",
     [](Row& x, Random&) {
       for (float& v : x) v = 1 - v;
     }},
    {"half_inverted",
     [](Row& x, Random& r) {
       if (r.uniform() < 0.5)
         for (float& v : x) v = 1 - v;
     }},
    {"tenth_inverted",
     [](Row& x, Random& r) {
       if (r.uniform() < 0.1)
         for (float& v : x) v = 1 - v;
     }},
    {"shifted_by_2", [](Row& x, Random&) { shift_right(x, 2); }},
    {"shifted_by_5", [](Row& x, Random&) { shift_right(x, 5); }},
    {"transposed",
     [](Row& x, Random&) {
       for (size_t i = 0; i < 28; ++i) {
         for (size_t j = 0; j < i; ++j) std::swap(x[i * 28 + j], x[j * 28 + i]);
       }
     }},
};

TEST(InputFaults, OfDigitsAreAlarmed) {
  const fs::path folder = data_folder() / "mnist";
  if (!fs::exists(folder)) GTEST_SKIP() << "no MNIST in " << folder << "; set SLIPWAY_DATA";
  auto read = [&](const char* images, const char* labels, size_t count, size_t step, std::vector<Row>& rows) {
    const std::string x = read_plain_or_gzip(folder / images), y = read_plain_or_gzip(folder / labels);
    std::vector<size_t> truth;
    for (size_t i = 0; i < count; ++i) {
      Row row(784);
      for (size_t p = 0; p < 784; ++p)
        row[p] = static_cast<float>(static_cast<uint8_t>(x[16 + i * step * 784 + p])) / 255;
      rows.push_back(std::move(row));
      truth.push_back(static_cast<uint8_t>(y[8 + i * step]));
    }
    return truth;
  };
  std::vector<Row> train, test, shuffled;
  const std::vector<size_t> labels = read("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 10000, 6, train);
  read("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 10000, 1, test);
  Random random(1);
  for (uint32_t i : permutation(10000, random)) shuffled.push_back(test[i]);
  check(Traffic(std::move(train), labels, std::move(shuffled), 10, 0.2f, {.row_shape = {28, 28}}), kDigitFaults, 500);
}

const Fault kCreditFaults[] = {
    {"age_10_older", [](Row& x, Random&) { x[4] += 10; }},
    {"limit_in_thousands", [](Row& x, Random&) { x[0] /= 1000; }},
    {"sex_always_1", [](Row& x, Random&) { x[1] = 1; }},
    {"sex_swapped_codes", [](Row& x, Random&) { x[1] -= 1; }},
    {"new_education_in_a_fifth",
     [](Row& x, Random& r) {
       if (r.uniform() < 0.2) x[2] = 9;
     }},
    {"new_marriage_in_a_tenth",
     [](Row& x, Random& r) {
       if (r.uniform() < 0.1) x[3] = 7;
     }},
    {"bill_missing_in_half",
     [](Row& x, Random& r) {
       if (r.uniform() < 0.5) x[11] = 0;
     }},
    {"late_payers", [](Row& x, Random&) { x[5] += 1; }},
    {"columns_swapped", [](Row& x, Random&) { std::swap(x[4], x[5]); }},
};

TEST(InputFaults, OfCreditCardClientsAreAlarmed) {
  const fs::path path = data_folder() / "tabular" / "credit-card-clients.csv.gz";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path << "; set SLIPWAY_DATA";
  const std::string text = read_plain_or_gzip(path);
  std::vector<Row> rows;
  for (size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1) {
    Row row;
    for (const char* cell = text.data() + at; row.size() < 24;) {
      char* end = nullptr;
      row.push_back(std::strtof(cell, &end));
      cell = end + 1;
    }
    rows.push_back(std::move(row));
  }
  Random random(2);
  std::vector<Row> train, test;
  std::vector<size_t> labels;
  for (uint32_t i : permutation(static_cast<uint32_t>(rows.size()), random)) {
    Row row(rows[i].begin(), rows[i].end() - 1);
    if (train.size() < 20000) {
      labels.push_back(rows[i].back() > 0.5f ? 1 : 0);
      train.push_back(std::move(row));
    } else {
      test.push_back(std::move(row));
    }
  }
  check(Traffic(std::move(train), labels, std::move(test), 2, 1e-11f, {}), kCreditFaults, 500);
}

}  // namespace
}  // namespace slipway
