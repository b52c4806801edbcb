// Batches: every example once per epoch, the same order for the same seed, scaling and label types, read-ahead.
#include "data/batches.h"

#include <map>

#include <gtest/gtest.h>

#include "base/random.h"
#include "data/gather.h"
#include "data/prefetch.h"

namespace slipway {
namespace {

// Example i is a row of i + j; label i.
Dataset example(int64_t n, int64_t width, DType dtype = DType::f32) {
  Dataset data;
  data.inputs = Tensor(DType::f64, {n, width});
  for (int64_t i = 0; i < n * width; ++i) {
    data.inputs.mutable_data<double>()[static_cast<size_t>(i)] = static_cast<double>(i / width + i % width);
  }
  data.inputs = data.inputs.cast(dtype);
  data.labels = Tensor(DType::i64, {n});
  for (int64_t i = 0; i < n; ++i) data.labels.mutable_data<int64_t>()[static_cast<size_t>(i)] = i;
  return data;
}

// All labels of one epoch, a vector per batch; checks that x belongs to y.
template <typename Stream>
std::vector<std::vector<int64_t>> epoch(Stream& stream, int64_t number, int64_t size, int64_t width, int64_t skip = 0) {
  Tensor x(DType::f32, {size, width}), y(DType::i64, {size});
  std::vector<std::vector<int64_t>> batches;
  stream.start(number, skip);
  while (int64_t n = stream.next(x, y)) {
    auto labels = y.data<int64_t>().first(static_cast<size_t>(n));
    batches.emplace_back(labels.begin(), labels.end());
    for (int64_t i = 0; i < n * width; ++i) {
      EXPECT_EQ(x.data<float>()[static_cast<size_t>(i)],
                static_cast<float>(labels[static_cast<size_t>(i / width)] + i % width));
    }
  }
  return batches;
}

TEST(BatchStream, EveryExampleOncePerEpoch) {
  BatchStream stream(example(10, 3), {.size = 4, .seed = 1});
  EXPECT_EQ(stream.batches(), 3);
  auto batches = epoch(stream, 0, 4, 3);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[2].size(), 2u);
  std::map<int64_t, int> seen;
  for (const auto& batch : batches) {
    for (int64_t label : batch) ++seen[label];
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(BatchStream, TheOrderDependsOnSeedAndEpochOnly) {
  BatchStream a(example(50, 2), {.size = 8, .seed = 1});
  BatchStream b(example(50, 2), {.size = 8, .seed = 1});
  BatchStream other(example(50, 2), {.size = 8, .seed = 2});
  auto zero = epoch(a, 0, 8, 2);
  auto one = epoch(a, 1, 8, 2);
  EXPECT_NE(zero, one);
  EXPECT_EQ(epoch(b, 1, 8, 2), one) << "without having seen epoch 0";
  EXPECT_EQ(epoch(a, 0, 8, 2), zero);
  EXPECT_NE(epoch(other, 0, 8, 2), zero);
  auto resumed = epoch(b, 1, 8, 2, 3);
  EXPECT_EQ(resumed, decltype(one)(one.begin() + 3, one.end()));
}

TEST(BatchStream, DropLastAndOrderAsIs) {
  BatchStream stream(example(10, 1), {.size = 4, .shuffle = false, .drop_last = true});
  EXPECT_EQ(stream.batches(), 2);
  using Batches = std::vector<std::vector<int64_t>>;
  EXPECT_EQ(epoch(stream, 0, 4, 1), (Batches{{0, 1, 2, 3}, {4, 5, 6, 7}}));
  BatchStream all(example(3, 1), {.size = 4, .shuffle = false});
  EXPECT_EQ(epoch(all, 5, 4, 1), (Batches{{0, 1, 2}}));
  BatchStream none(example(3, 1), {.size = 4, .drop_last = true});
  EXPECT_TRUE(epoch(none, 0, 4, 1).empty());
}

TEST(BatchStream, LabelsInTheTypeOfY) {
  BatchStream stream(example(3, 1), {.size = 3, .shuffle = false});
  Tensor x(DType::f32, {3, 1}), y32(DType::i32, {3}), yf(DType::f32, {3, 1}), none;
  stream.start(0);
  EXPECT_EQ(stream.next(x, y32), 3);
  EXPECT_EQ(to_string(y32), "int32[3] [0, 1, 2]");
  stream.start(0);
  EXPECT_EQ(stream.next(x, yf), 3);
  EXPECT_EQ(to_string(yf), "float32[3, 1] [[0], [1], [2]]");
  stream.start(0);
  EXPECT_EQ(stream.next(x, none), 3);
}

TEST(Gather, MatchesTheFormulaForEveryWidth) {
  Random random(5);
  for (DType dtype : {DType::u8, DType::f32}) {
    for (int64_t width : {1, 3, 7, 16, 17, 31, 100, 784}) {
      Tensor x = example(9, width, dtype).inputs;
      std::vector<uint32_t> rows = {8, 0, 3, 3, 7};
      auto n = static_cast<size_t>(width);
      for (auto [scales, offsets] : {std::pair<size_t, size_t>{1, 1}, {n, n}, {n, 1}, {1, n}}) {
        Scaling scaling{std::vector<float>(scales), std::vector<float>(offsets)};
        for (float& s : scaling.scale) s = static_cast<float>(random.uniform());
        for (float& o : scaling.offset) o = static_cast<float>(random.normal());
        std::vector<float> y(rows.size() * n + 1, -77.f);
        gather_scaled(x, width, width, rows, scaling, y.data());
        for (size_t i = 0; i < rows.size(); ++i) {
          for (size_t j = 0; j < n; ++j) {
            float expected = static_cast<float>(rows[i] + j) * scaling.scale[scales == 1 ? 0 : j] +
                             scaling.offset[offsets == 1 ? 0 : j];
            if (dtype == DType::u8 && rows[i] + j > 255) continue;
            ASSERT_NEAR(y[i * n + j], expected, 1e-4) << width << " " << i << " " << j;
          }
        }
        ASSERT_EQ(y.back(), -77.f) << "wrote behind the end";
      }
    }
  }
}

TEST(PrefetchedBatches, GivesWhatTheStreamGives) {
  BatchOptions options{.size = 8, .seed = 3};
  BatchStream plain(example(100, 5), options);
  PrefetchedBatches ahead(example(100, 5), options);
  EXPECT_EQ(ahead.batches(), 13);
  for (int64_t number = 0; number < 3; ++number) {
    EXPECT_EQ(epoch(ahead, number, 8, 5), epoch(plain, number, 8, 5));
  }
  Tensor x(DType::f32, {8, 5}), y(DType::i64, {8});
  ahead.start(0);
  EXPECT_EQ(ahead.next(x, y), 8);  // left in the middle of an epoch
  EXPECT_EQ(epoch(ahead, 1, 8, 5, 2), epoch(plain, 1, 8, 5, 2));
  EXPECT_EQ(ahead.next(x, y), 0);
}

}  // namespace
}  // namespace slipway
