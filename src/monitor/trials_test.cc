// Trials: what a version is asked beside the one before.
#include "monitor/trials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

// Answers with numbers of a sequence, whatever it is asked.
Contender drawing(int64_t version, int seed) {
  auto next = std::make_shared<uint32_t>(static_cast<uint32_t>(seed));
  return {.version = version,
          .ask = [next](std::span<const Tensor> inputs) -> Result<std::vector<Tensor>> {
            Tensor y(DType::f32, {inputs[0].dim(0), 1});
            for (float& value : y.mutable_data<float>()) {
              *next = *next * 1664525u + 1013904223u;
              value = static_cast<float>(*next >> 8) * 1e-4f;
            }
            return std::vector<Tensor>{y};
          },
          .classes = {},
          .rows = 0};
}

// A model that draws random numbers would contradict itself, and its equally good successor with it.
TEST(Trials, AVersionThatDrawsItsAnswersBlamesNoOther) {
  SystemClock clock;
  Result<std::unique_ptr<Monitor>> monitor = Monitor::create({}, clock);
  ASSERT_TRUE(monitor.ok()) << monitor.status().message();
  Trials trials(**monitor, clock);
  for (int i = 0; i < 400; ++i) {
    Observation o;
    o.model = "noise";
    o.version = 1;
    o.rows = 1;
    o.input = Tensor::of<float>({1, 2}, {static_cast<float>(i), 1});
    o.output = Tensor::of<float>({1, 1}, {static_cast<float>(i)});
    trials.observe(o);
  }
  trials.begin("noise", drawing(1, 1), drawing(2, 2), nullptr);
  for (int i = 0; i < 200 && trials.step(); ++i) {
  }
  const std::shared_ptr<const Judgement> judgement = (*monitor)->judgement("noise", 2);
  ASSERT_NE(judgement, nullptr);
  EXPECT_NE(judgement->verdict, Judgement::Verdict::worse) << judgement->summary;
}

}  // namespace
}  // namespace slipway
