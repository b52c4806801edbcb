// The vectorized masks against Philox word by word.
#include "kernels/dropout.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

TEST(DropoutMask, ElementsAreThoseOfThePhiloxSequence) {
  constexpr uint64_t kSeed = 0x0123456789ABCDEF, kStep = 0x1122334455667788;
  constexpr int64_t kCount = 3 * kDropoutBlock + 29;
  for (float ratio : {0.f, 0.25f, 0.5f, 0.9f, 1.f}) {
    std::vector<float> mask(kCount + 1, -1);
    dropout_mask_f32()(kSeed, kStep, ratio, 0, kCount, mask.data());
    EXPECT_EQ(mask[kCount], -1);
    for (int64_t i = 0; i < kCount; ++i) {
      uint32_t word = philox(kSeed, kStep, static_cast<uint64_t>(i / 4))[static_cast<size_t>(i % 4)];
      bool kept = static_cast<float>(word >> 8) * 0x1p-24f >= ratio;
      ASSERT_EQ(mask[static_cast<size_t>(i)], kept ? 1 / (1 - ratio) : 0.f) << i << " at " << ratio;
    }
  }
}

TEST(DropoutMask, StartsAtAnyBlock) {
  std::vector<float> whole(2 * kDropoutBlock), part(kDropoutBlock);
  dropout_mask_f32()(1, 2, 0.5f, 0, 2 * kDropoutBlock, whole.data());
  dropout_mask_f32()(1, 2, 0.5f, kDropoutBlock, 2 * kDropoutBlock, part.data());
  EXPECT_EQ(std::vector<float>(whole.begin() + kDropoutBlock, whole.end()), part);
}

TEST(DropoutMask, KeepsTheShareItShould) {
  std::vector<float> mask(1 << 16);
  dropout_mask_f32()(9, 1, 0.3f, 0, 1 << 16, mask.data());
  double kept = 0;
  for (float x : mask) kept += x != 0;
  EXPECT_NEAR(kept / (1 << 16), 0.7, 0.01);
}

}  // namespace
}  // namespace slipway::kernels
