// Partition: shares of classes, the order of time, whole groups.
#include "data/partition.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Partition, EveryClassKeepsItsShare) {
  std::vector<int64_t> labels(1000);
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = i % 20 == 0 ? 1 : 0;
  for (uint64_t seed : {1, 2, 3}) {
    Result<RowSplit> parts = split_by_class(labels, 0.2, seed, "t");
    ASSERT_TRUE(parts.ok()) << parts.status().message();
    EXPECT_EQ(parts->held_out.size(), 200u);
    EXPECT_EQ(std::ranges::count_if(parts->held_out, [&](uint32_t row) { return labels[row] == 1; }), 10);
    EXPECT_TRUE(std::ranges::is_sorted(parts->rest));
    std::set<uint32_t> all(parts->rest.begin(), parts->rest.end());
    all.insert(parts->held_out.begin(), parts->held_out.end());
    EXPECT_EQ(all.size(), 1000u);
  }
  EXPECT_NE(split_by_class(labels, 0.2, 1, "t")->held_out, split_by_class(labels, 0.2, 2, "t")->held_out);
}

TEST(Partition, RareClassesStayForTraining) {
  const std::vector<int64_t> labels = {0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Result<RowSplit> parts = split_by_class(labels, 0.5, seed, "t");
    ASSERT_TRUE(parts.ok());
    EXPECT_EQ(parts->held_out.size(), 5u);
    EXPECT_EQ(std::ranges::count(parts->rest, 9u), 1);
  }
  EXPECT_THAT(split_by_class(labels, 0.01, 0, "t").status().message(), HasSubstr("leaves one part empty"));
  EXPECT_EQ(split_by_class(std::vector<int64_t>{0, 1, 2, 3}, 0.5, 0, "t")->held_out.size(), 2u) << "classes of one";
}

TEST(Partition, TimeHoldsOutTheLastAndKeepsEqualTimesTogether) {
  const std::vector<double> keys = {5, 1, 4, 4, 2, 3, 4, 0, 9, 8};
  Result<RowSplit> parts = split_by_time(keys, 0.2, "t");
  ASSERT_TRUE(parts.ok());
  EXPECT_THAT(parts->held_out, ElementsAre(8, 9));
  EXPECT_THAT(split_by_time(keys, 0.4, "t")->held_out, ElementsAre(0, 2, 3, 6, 8, 9)) << "three rows at time 4";
  EXPECT_THAT(split_by_time(std::vector<double>{1, 1, 1}, 0.4, "t").status().message(),
              HasSubstr("leaves one part empty"));
}

TEST(Partition, GroupsStayWhole) {
  std::vector<std::string> groups;
  for (int i = 0; i < 100; ++i) groups.push_back(std::to_string(i % 10));
  Result<RowSplit> parts = split_by_group(groups, 0.25, 3, "t");
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->held_out.size(), 30u);
  std::set<std::string> held, rest;
  for (uint32_t row : parts->held_out) held.insert(groups[row]);
  for (uint32_t row : parts->rest) rest.insert(groups[row]);
  EXPECT_EQ(held.size() + rest.size(), 10u);
  EXPECT_FALSE(split_by_group(std::vector<std::string>(5, "a"), 0.4, 1, "t").ok());
}

}  // namespace
}  // namespace slipway
