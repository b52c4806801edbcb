// Augmentation: what each change does, that it depends on (seed, epoch, index) only, and that training alone sees it.
#include "data/augment.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/feed.h"

namespace slipway {
namespace {

using testing::HasSubstr;

using Pixels = std::vector<float>;

Pixels augmented(const Augmentation& augmentation, const Shape& shape, Pixels pixels, uint32_t index, int64_t epoch = 0,
                 uint64_t seed = 1) {
  Augmenter(augmentation, shape).apply(pixels, {0, 1}, {seed, epoch, index});
  return pixels;
}

TEST(Augment, FlipIsAMirrorHalfOfTheTime) {
  Pixels image = {1, 2, 3, 4, 5, 6};
  int flipped = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    Pixels out = augmented({.flip = true}, {2, 3}, image, i);
    if (out == Pixels{3, 2, 1, 6, 5, 4}) {
      ++flipped;
    } else {
      ASSERT_EQ(out, image);
    }
  }
  EXPECT_NEAR(flipped, 500, 60);
  flipped = 0;
  for (uint32_t i = 0; i < 1000; ++i) {
    flipped += augmented({.vertical_flip = true}, {2, 3}, image, i) == Pixels{4, 5, 6, 1, 2, 3} ? 1 : 0;
  }
  EXPECT_NEAR(flipped, 500, 60);
}

TEST(Augment, CropMovesTheImageAndFillsWithBlack) {
  Pixels image = {0, 0, 0, 0, 9, 0, 0, 0, 0};
  std::vector<int> seen(9);
  for (uint32_t i = 0; i < 500; ++i) {
    Pixels out = augmented({.crop_padding = 1}, {3, 3}, image, i);
    ASSERT_EQ(std::ranges::count(out, 9.f), 1);
    ++seen[static_cast<size_t>(std::ranges::find(out, 9.f) - out.begin())];
  }
  EXPECT_THAT(seen, testing::Each(testing::Gt(20))) << "all nine places";
}

// A spectrum of three bands and four frames; what is chosen spreads over all places.
TEST(Augment, SpectraAreShiftedMaskedAndMadeLouder) {
  const Pixels spectrum = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const Shape shape = {1, 3, 4};
  const std::set<Pixels> shifted = {
      {1, 1, 2, 3, 5, 5, 6, 7, 9, 9, 10, 11}, spectrum, {2, 3, 4, 4, 6, 7, 8, 8, 10, 11, 12, 12}};
  std::set<Pixels> seen, masks;
  int64_t zeros_in_rows = 0, zeros_in_columns = 0;
  for (uint32_t i = 0; i < 200; ++i) {
    seen.insert(augmented({.shift = 0.25}, shape, spectrum, i));
    const Pixels bands = augmented({.freq_mask_param = 3}, shape, spectrum, i);
    const auto zeros = std::ranges::count(bands, 0.f);
    EXPECT_TRUE(zeros == 0 || zeros == 4 || zeros == 8) << "whole bands, fewer than three";
    zeros_in_rows += zeros;
    const Pixels frames = augmented({.time_mask_param = 2, .n_time_masks = 1}, shape, spectrum, i);
    EXPECT_TRUE(std::ranges::count(frames, 0.f) % 3 == 0) << "whole frames";
    EXPECT_LE(std::ranges::count(frames, 0.f), 3);
    zeros_in_columns += std::ranges::count(frames, 0.f);
    const Pixels louder = augmented({.gain = 6, .decibel = 0.1}, shape, spectrum, i);
    EXPECT_LE(std::abs(louder[0] - 1), 0.6f + 1e-6f);
    EXPECT_NEAR(louder[11] - louder[0], 11, 1e-5) << "everything by the same";
  }
  EXPECT_EQ(seen, shifted);
  EXPECT_NEAR(static_cast<double>(zeros_in_rows) / 200, 4, 1) << "0, 1 or 2 bands of 4 frames";
  EXPECT_NEAR(static_cast<double>(zeros_in_columns) / 200, 1.5, 0.5) << "0 or 1 frame of 3 bands";
}

TEST(Augment, NoiseHasItsDeviation) {
  Pixels silence(10000, 0);
  double squares = 0;
  for (float value : augmented({.noise = 0.5}, {1, 100, 100}, silence, 1))
    squares += static_cast<double>(value) * static_cast<double>(value);
  EXPECT_NEAR(std::sqrt(squares / 10000), 0.5, 0.02);
  EXPECT_THAT(check({.gain = 3}, {1, 3, 4}, "x").message(), HasSubstr("log_mel"));
  EXPECT_THAT(check({.noise = -1}, {1, 3, 4}, "x").message(), HasSubstr("at least 0"));
  EXPECT_THAT(check({.time_mask_param = 5}, {1, 3, 4}, "x").message(), HasSubstr("time_mask_param: expected 0 to 4"));
  EXPECT_THAT(check({.shift = 2}, {1, 3, 4}, "x").message(), HasSubstr("part of the length"));
}

TEST(Augment, RotationKeepsTheMiddleAndTurnsTheRest) {
  Pixels image(25, 0);
  image[12] = 1;
  image[14] = 1;  // to the right of the middle
  bool moved = false;
  for (uint32_t i = 0; i < 20; ++i) {
    Pixels out = augmented({.rotation = 90}, {5, 5}, image, i);
    EXPECT_FLOAT_EQ(out[12], 1);
    moved = moved || out[14] < 0.5f;
  }
  EXPECT_TRUE(moved);
}

TEST(Augment, BrightnessStaysInRangeAndCutoutIsASquare) {
  bool darker = false, brighter = false;
  for (uint32_t i = 0; i < 50; ++i) {
    Pixels out = augmented({.brightness = 0.5}, {1, 2}, {0.2f, 0.9f}, i);
    for (float v : out) ASSERT_TRUE(v >= 0 && v <= 1);
    darker = darker || out[1] < 0.85f;
    brighter = brighter || out[0] > 0.25f;
    Pixels cut = augmented({.cutout = 2}, {2, 4, 4}, Pixels(32, 1), i);
    auto gone = std::ranges::count(std::span(cut).first(16), 0.f);
    ASSERT_TRUE(gone == 1 || gone == 2 || gone == 4) << "a part of it may lie outside";
    ASSERT_TRUE(std::ranges::equal(std::span(cut).first(16), std::span(cut).subspan(16))) << "in every channel";
  }
  EXPECT_TRUE(darker && brighter);
}

TEST(Augment, DependsOnSeedEpochAndIndexOnly) {
  Augmentation all{.flip = true, .crop_padding = 2, .rotation = 20, .brightness = 0.3, .cutout = 2};
  Pixels image(64);
  for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i) / 64;
  Pixels once = augmented(all, {8, 8}, image, 3, 2, 1);
  EXPECT_EQ(augmented(all, {8, 8}, image, 3, 2, 1), once);
  EXPECT_NE(augmented(all, {8, 8}, image, 4, 2, 1), once);
  EXPECT_NE(augmented(all, {8, 8}, image, 3, 3, 1), once);
  EXPECT_NE(augmented(all, {8, 8}, image, 3, 2, 2), once);
  Augmenter used(all, {8, 8});
  Pixels other = image, again = image;
  used.apply(other, {0, 1}, {1, 0, 9});
  used.apply(again, {0, 1}, {1, 2, 3});
  EXPECT_EQ(again, once) << "what came before leaves no trace";
}

Dataset images(int64_t n) {
  Dataset data;
  data.name = "images";
  data.inputs = Tensor(DType::u8, {n, 1, 4, 4});
  for (size_t i = 0; i < data.inputs.bytes(); ++i)
    data.inputs.mutable_data<uint8_t>()[i] = static_cast<uint8_t>(1 + i % 200);
  data.labels = Tensor(DType::i64, {n});
  for (int64_t i = 0; i < n; ++i) data.labels.mutable_data<int64_t>()[static_cast<size_t>(i)] = i;
  for (int64_t i = 0; i < n; ++i) data.classes.push_back(std::to_string(i));
  data.scaling.scale = {1.f / 255};
  data.augmentation = {.flip = true, .crop_padding = 1, .rotation = 10};
  return data;
}

// Every batch of an epoch, one after the other.
template <typename Stream>
Pixels epoch(Stream& stream, int64_t number, std::vector<uint32_t>& rows) {
  Tensor x(DType::f32, {8, 1, 4, 4}), y(DType::i64, {8});
  Pixels all;
  rows.clear();
  stream.start(number);
  while (int64_t n = stream.next(x, y)) {
    auto part = x.data<float>().first(static_cast<size_t>(n) * 16);
    all.insert(all.end(), part.begin(), part.end());
    rows.insert(rows.end(), stream.rows().begin(), stream.rows().end());
  }
  return all;
}

TEST(Feed, ReadsAheadWhatTheStreamWouldGive) {
  BatchOptions options{.size = 8, .augment = true, .seed = 5};
  BatchStream plain(images(30), options);
  Feed feed(images(30), options, DType::i64);
  std::vector<uint32_t> rows, rows_ahead;
  EXPECT_EQ(feed.batches(), 4);
  Pixels first = epoch(feed, 0, rows_ahead);
  EXPECT_EQ(epoch(plain, 0, rows), first);
  EXPECT_EQ(rows, rows_ahead);
  Pixels second = epoch(feed, 1, rows_ahead);
  EXPECT_EQ(epoch(plain, 1, rows), second);
  EXPECT_EQ(rows, rows_ahead);
}

TEST(Feed, OnlyTrainingIsAugmented) {
  std::vector<uint32_t> rows;
  BatchStream plain(images(8), {.size = 8, .shuffle = false});
  Dataset clean = images(8);
  clean.augmentation = {};
  BatchStream never(clean, {.size = 8, .shuffle = false, .augment = true});
  EXPECT_EQ(epoch(plain, 0, rows), epoch(never, 0, rows));
  Result<Split> parts = split(images(10), 0.3, 1);
  ASSERT_TRUE(parts.ok());
  EXPECT_TRUE(parts->rest.augmentation.any());
  EXPECT_FALSE(parts->held_out.augmentation.any());
}

TEST(Augment, SaysWhatIsWrong) {
  const std::tuple<Augmentation, Shape, const char*> table[] = {
      {{.flip = true},
       {10},
       "a: augment: expected images [height, width] or [channels, height, width], found examples of shape [10]"},
      {{.crop_padding = 8}, {3, 8, 9}, "a: augment.crop_padding: expected 0 to 7 pixels, found 8"},
      {{.rotation = 400}, {8, 8}, "augment.rotation: expected 0 to 180 degrees, found 400"},
      {{.brightness = 2}, {8, 8}, "augment.brightness: expected a part of the range from 0 to 1, found 2"},
      {{.cutout = 9}, {8, 8}, "augment.cutout: expected 0 to 7 pixels, found 9"},
  };
  for (const auto& [augmentation, shape, message] : table) {
    EXPECT_THAT(check(augmentation, shape, "a").message(), HasSubstr(message));
  }
  EXPECT_TRUE(check(Augmentation{}, {10}, "a").ok());
}

}  // namespace
}  // namespace slipway
