// Datasets: what is refused and how it is said, hashes, splits.
#include "data/dataset.h"

#include <cmath>
#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using testing::HasSubstr;

// Example i is {2 i, 2 i + 1} with label i % 3.
Dataset example(int64_t n) {
  Dataset data;
  data.name = "example";
  data.inputs = Tensor(DType::f32, {n, 2});
  data.labels = Tensor(DType::i64, {n});
  data.classes = {"a", "b", "c"};
  for (int64_t i = 0; i < 2 * n; ++i) data.inputs.mutable_data<float>()[static_cast<size_t>(i)] = static_cast<float>(i);
  for (int64_t i = 0; i < n; ++i) data.labels.mutable_data<int64_t>()[static_cast<size_t>(i)] = i % 3;
  return data;
}

TEST(Dataset, CheckNamesWhatIsWrong) {
  EXPECT_TRUE(check(example(5)).ok());
  const std::pair<std::function<void(Dataset&)>, const char*> table[] = {
      {[](Dataset& d) { d = example(0); }, "example: expected at least one example, found inputs of shape [0, 2]"},
      {[](Dataset& d) { d.inputs = Tensor(DType::f32, {}); }, "expected at least one example"},
      {[](Dataset& d) { d.labels = Tensor(DType::i64, {4}); },
       "expected one label for each of 5 examples, found labels of shape [4]"},
      {[](Dataset& d) { d.labels.mutable_data<int64_t>()[3] = 3; },
       "label of example 3: expected a class from 0 to 2, found 3"},
      {[](Dataset& d) { d.labels.mutable_data<int64_t>()[4] = -1; }, "found -1"},
      {[](Dataset& d) { d.inputs.mutable_data<float>()[7] = NAN; },
       "input of example 3, element 1: expected a finite number, found nan"},
      {[](Dataset& d) {
         d.labels = Tensor::of<float>({5}, {0, 1, INFINITY, 0, 0});
       },
       "label of example 2"},
      {[](Dataset& d) { d.features = {"x"}; }, "expected 2 feature names, found 1"},
      {[](Dataset& d) {
         d.scaling.scale = {1, 2, 3};
       },
       "expected a scaling of 1 or 2 elements, found 3 and 1"},
  };
  for (const auto& [harm, message] : table) {
    Dataset data = example(5);
    harm(data);
    EXPECT_EQ(check(data).code(), Code::invalid_argument) << message;
    EXPECT_THAT(check(data).message(), HasSubstr(message));
  }
}

TEST(Dataset, TheHashSeesEveryPart) {
  const std::function<void(Dataset&)> changes[] = {
      [](Dataset& d) { d.inputs.mutable_data<float>()[0] = 9; },
      [](Dataset& d) {
        d.inputs = d.inputs.reshaped({5, 2, 1});
      },
      [](Dataset& d) { d.labels.mutable_data<int64_t>()[0] = 2; },
      [](Dataset& d) { d.classes[0] = "A"; },
      [](Dataset& d) {
        d.features = {"x", "y"};
      },
      [](Dataset& d) { d.scaling.offset = {1}; },
  };
  std::set<std::string> hashes = {content_hash(example(5))};
  EXPECT_EQ(content_hash(example(5)), *hashes.begin());
  for (const auto& change : changes) {
    Dataset data = example(5);
    change(data);
    EXPECT_TRUE(hashes.insert(content_hash(data)).second);
  }
  Dataset renamed = example(5);
  renamed.name = "other";
  EXPECT_EQ(content_hash(renamed), content_hash(example(5)));
}

TEST(Dataset, SplitKeepsEveryExampleOnce) {
  Result<Split> parts = split(example(100), 0.2, 7);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->rest.size(), 80);
  EXPECT_EQ(parts->held_out.size(), 20);
  std::set<float> seen;
  for (const Dataset* part : {&parts->rest, &parts->held_out}) {
    float last = -1;
    for (int64_t i = 0; i < part->size(); ++i) {
      float first = part->inputs.data<float>()[static_cast<size_t>(2 * i)];
      EXPECT_GT(first, last);
      last = first;
      EXPECT_EQ(part->labels.data<int64_t>()[static_cast<size_t>(i)], static_cast<int64_t>(first) / 2 % 3);
      EXPECT_TRUE(seen.insert(first).second);
    }
  }
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(content_hash(split(example(100), 0.2, 7)->rest), content_hash(parts->rest));
  EXPECT_NE(content_hash(split(example(100), 0.2, 8)->rest), content_hash(parts->rest));
}

TEST(Dataset, SplitRefusesEmptyParts) {
  for (double fraction : {0.0, 1.0, -0.5, static_cast<double>(NAN)}) EXPECT_FALSE(split(example(10), fraction, 0).ok());
  EXPECT_THAT(split(example(2), 0.1, 0).status().message(), HasSubstr("leaves one part empty"));
}

}  // namespace
}  // namespace slipway
