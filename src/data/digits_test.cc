// Generated digits: the same for the same seed, balanced, neither trivial nor hopeless.
#include "data/digits.h"

#include <array>

#include <gtest/gtest.h>

namespace slipway {
namespace {

using Image = std::array<float, 784>;

float squared_distance(std::span<const uint8_t> pixels, const Image& image) {
  float sum = 0;
  for (size_t i = 0; i < image.size(); ++i) sum += (pixels[i] - image[i]) * (pixels[i] - image[i]);
  return sum;
}

// The share of `test` whose nearest image of `known` has its class.
double accuracy(const std::vector<std::pair<int64_t, Image>>& known, const Dataset& test) {
  int right = 0;
  for (int64_t i = 0; i < test.size(); ++i) {
    auto pixels = test.inputs.data<uint8_t>().subspan(static_cast<size_t>(i) * 784, 784);
    auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
      return squared_distance(pixels, a.second) < squared_distance(pixels, b.second);
    });
    right += nearest->first == test.labels.data<int64_t>()[static_cast<size_t>(i)] ? 1 : 0;
  }
  return right / static_cast<double>(test.size());
}

TEST(Digits, DependOnSeedAndIndexOnly) {
  DataPair a = generate_digits({.train = 50, .test = 20, .seed = 3});
  DataPair b = generate_digits({.train = 20, .test = 20, .seed = 3});
  EXPECT_TRUE(check(a.train).ok());
  EXPECT_TRUE(identical(a.train.inputs.rows(0, 20), b.train.inputs));
  EXPECT_TRUE(identical(a.test.inputs, b.test.inputs));
  EXPECT_FALSE(identical(a.test.inputs, b.train.inputs));
  EXPECT_FALSE(identical(generate_digits({.train = 20, .test = 20, .seed = 4}).train.inputs, b.train.inputs));
  EXPECT_EQ(a.source, "generated digits (50 for training, 20 for testing, seed 3)");
}

TEST(Digits, ClassesAreBalancedAndInkIsOnPaper) {
  DataPair data = generate_digits({.train = 2000, .test = 1});
  std::array<int, 10> counts{};
  for (int64_t label : data.train.labels.data<int64_t>()) ++counts[static_cast<size_t>(label)];
  for (int count : counts) EXPECT_NEAR(count, 200, 60);
  for (int64_t i = 0; i < data.train.size(); ++i) {
    auto pixels = data.train.inputs.data<uint8_t>().subspan(static_cast<size_t>(i) * 784, 784);
    auto ink = std::count_if(pixels.begin(), pixels.end(), [](uint8_t p) { return p > 100; });
    EXPECT_GT(ink, 8) << i;
    EXPECT_LT(ink, 350) << i;
  }
}

TEST(Digits, AreNeitherTrivialNorHopeless) {
  DataPair data = generate_digits({.train = 1500, .test = 150});
  std::vector<std::pair<int64_t, Image>> means(10), all;
  std::array<float, 10> counts{};
  for (int64_t i = 0; i < data.train.size(); ++i) {
    auto pixels = data.train.inputs.data<uint8_t>().subspan(static_cast<size_t>(i) * 784, 784);
    int64_t label = data.train.labels.data<int64_t>()[static_cast<size_t>(i)];
    auto digit = static_cast<size_t>(label);
    all.emplace_back(label, Image{});
    means[digit].first = label;
    ++counts[digit];
    for (size_t j = 0; j < 784; ++j) {
      all.back().second[j] = pixels[j];
      means[digit].second[j] += pixels[j];
    }
  }
  for (size_t digit = 0; digit < 10; ++digit) {
    for (float& pixel : means[digit].second) pixel /= counts[digit];
  }
  double by_mean = accuracy(means, data.test);
  EXPECT_GT(by_mean, 0.55);
  EXPECT_LT(by_mean, 0.88) << "MNIST itself has 0.82";
  EXPECT_GT(accuracy(all, data.test), 0.85);
}

}  // namespace
}  // namespace slipway
