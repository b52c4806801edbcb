// Which of two runs is kept.
#include "kernels/cpu/watched.h"

#include <cfenv>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace slipway::kernels {
namespace {

// Writes a number, as a sum before an activation or after it, and raises flags as a real one would.
class Writes final : public Primitive {
 public:
  explicit Writes(float y, int raises = 0) : y_(y), raises_(raises) {}
  size_t scratch_bytes() const override { return 0; }
  std::shared_ptr<void> make_instance() const override { return nullptr; }
  void run(void*, const void* const*, void* const* out, void*) const override {
    std::feraiseexcept(raises_);
    *static_cast<float*>(out[0]) = y_;
  }

 private:
  float y_;
  int raises_;
};

constexpr float kFast = 0.25f, kCareful = 0.5f;
const float kNaN = std::numeric_limits<float>::quiet_NaN();

float run(const Writes& fast, float careful, bool overflows = false) {
  const Watch watch = {.post = {.activation = FusedActivation::relu}, .n = 1, .overflows = overflows};
  auto primitive = watched(std::make_shared<Writes>(fast), std::make_shared<Writes>(careful), watch);
  float y = -1;
  void* out[] = {&y};
  primitive->run(primitive->make_instance().get(), nullptr, out, nullptr);
  return y;
}

TEST(Watched, FastWhereNoFlagWasRaised) {
  EXPECT_EQ(run(Writes(kFast), kCareful), kFast);
  std::feraiseexcept(FE_INVALID);  // of somebody before
  EXPECT_EQ(run(Writes(kFast), kCareful), kFast);
}

TEST(Watched, CarefulWhereASumIsNotANumber) {
  EXPECT_TRUE(std::isnan(run(Writes(0, FE_INVALID), kNaN))) << "relu as oneDNN has it made 0 of it";
}

TEST(Watched, FastWhereTheFlagCameOfNoElement) {
  EXPECT_EQ(run(Writes(kFast, FE_INVALID), kCareful), kFast) << "or the bits of an answer are a matter of chance";
  EXPECT_EQ(run(Writes(kFast, FE_OVERFLOW), kCareful), kFast) << "overflows hurt only where sums would not";
}

TEST(Watched, CarefulWhereSomethingOverflowedInside) {
  EXPECT_EQ(run(Writes(kFast, FE_OVERFLOW), kCareful, true), kCareful);
}

}  // namespace
}  // namespace slipway::kernels
