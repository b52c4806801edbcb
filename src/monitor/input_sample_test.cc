// The sample of inputs: distinct, bounded, of the last minutes.
#include "monitor/input_sample.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace slipway {
namespace {

Observation asked(float x, int64_t time_us = 0, int64_t width = 4) {
  Observation o{.model = "m", .version = 1, .time_us = time_us, .rows = 1};
  o.input = Tensor(DType::f32, {1, width});
  std::ranges::fill(o.input.mutable_data<float>(), x);
  return o;
}

TEST(InputSample, KeepsARepeatedInputOnce) {
  InputSample sample;
  for (int i = 0; i < 1000; ++i) sample.add(asked(static_cast<float>(i % 3)));
  EXPECT_EQ(sample.requests().size(), 3u);
}

TEST(InputSample, CopiesWhatItKeeps) {
  InputSample sample;
  Observation o = asked(1);
  sample.add(o);
  o.input.mutable_data<float>()[0] = 9;
  EXPECT_EQ(sample.requests()[0].inputs[0].data<float>()[0], 1);
}

TEST(InputSample, HoldsEveryInputOfAModel) {
  InputSample sample;
  Observation o = asked(1);
  o.more_inputs = {Tensor::of<std::string>({1}, {"a"})};
  sample.add(o);
  o.more_inputs = {Tensor::of<std::string>({1}, {"b"})};
  sample.add(o);
  ASSERT_EQ(sample.requests().size(), 2u);
  EXPECT_EQ(sample.requests()[1].inputs.size(), 2u);
}

TEST(InputSample, IsBoundedByBytesAndLeavesOutWhatIsTooLarge) {
  InputSample sample({.bytes = 1 << 16});
  sample.add(asked(-1, 0, 1 << 14));
  EXPECT_TRUE(sample.requests().empty());
  for (int i = 0; i < 1000; ++i) sample.add(asked(static_cast<float>(i), i * 1000, 256));
  EXPECT_LE(sample.bytes(), (1 << 16) + 1024);
  EXPECT_GE(sample.requests().size(), 60u);
}

TEST(InputSample, ForgetsWithTime) {
  InputSample sample({.requests = 100, .spacing_us = 1000});
  for (int i = 0; i < 2000; ++i) sample.add(asked(static_cast<float>(i), i * 1000));
  ASSERT_EQ(sample.requests().size(), 100u);
  const auto old = std::ranges::count_if(sample.requests(),
                                         [](const KeptRequest& r) { return r.inputs[0].data<float>()[0] < 1000; });
  EXPECT_EQ(old, 0) << "exp(-1000 / 100) of 100 are expected";
  InputSample slow({.requests = 100, .spacing_us = 1'000'000});
  for (int i = 0; i < 2000; ++i) slow.add(asked(static_cast<float>(i), i * 1000));
  const auto first =
      std::ranges::count_if(slow.requests(), [](const KeptRequest& r) { return r.inputs[0].data<float>()[0] < 100; });
  EXPECT_GE(first, 95) << "one a second takes the place of another";
}

TEST(InputSample, LeavesOutWhatSaysNothingOfTheVersion) {
  InputSample sample;
  for (Code code : {Code::invalid_argument, Code::resource_exhausted, Code::deadline_exceeded}) {
    Observation o = asked(1);
    o.code = code;
    sample.add(o);
  }
  Observation many = asked(2);
  many.rows = 1000;
  sample.add(many);
  EXPECT_TRUE(sample.requests().empty());
  Observation failed = asked(3);
  failed.code = Code::internal;
  sample.add(failed);
  EXPECT_EQ(sample.requests().size(), 1u);
}

}  // namespace
}  // namespace slipway
