// Which of two runs is kept.
#include "kernels/cpu/watched.h"

#include <algorithm>
#include <array>
#include <cfenv>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace slipway::kernels {
namespace {

using Pair = std::array<float, 2>;

// Writes two numbers, as sums before an activation or after it, and raises flags as real ones would.
class Writes final : public Primitive {
 public:
  explicit Writes(Pair y, int raises = 0) : y_(y), raises_(raises) {}
  explicit Writes(float y, int raises = 0) : Writes(Pair{y, y}, raises) {}
  size_t scratch_bytes() const override { return 0; }
  std::shared_ptr<void> make_instance() const override { return nullptr; }
  void run(void*, const void* const*, void* const* out, void*) const override {
    std::feraiseexcept(raises_);
    std::ranges::copy(y_, static_cast<float*>(out[0]));
  }

 private:
  Pair y_;
  int raises_;
};

constexpr float kFast = 0.25f, kCareful = 0.5f;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

Pair run(const Writes& fast, const Writes& careful, bool overflows = false) {
  const Watch watch = {.post = {.activation = FusedActivation::relu}, .n = 2, .overflows = overflows};
  auto primitive = watched(std::make_shared<Writes>(fast), std::make_shared<Writes>(careful), watch);
  Pair y = {-1, -1};
  void* out[] = {y.data()};
  primitive->run(primitive->make_instance().get(), nullptr, out, nullptr);
  return y;
}

float run(const Writes& fast, float careful, bool overflows = false) {
  return run(fast, Writes(careful), overflows)[0];
}

TEST(Watched, FastWhereNoFlagWasRaised) {
  EXPECT_EQ(run(Writes(kFast), kCareful), kFast);
  std::feraiseexcept(FE_INVALID);  // of somebody before
  EXPECT_EQ(run(Writes(kFast), kCareful), kFast);
}

TEST(Watched, CarefulWhereASumIsNotANumber) {
  EXPECT_TRUE(std::isnan(run(Writes(0, FE_INVALID), kNaN))) << "relu as oneDNN has it made 0 of it";
}

TEST(Watched, CarefulWhereASumIsInfinite) {
  EXPECT_EQ(run(Writes(kNaN, FE_INVALID), -kInfinity), 0) << "relu as oneDNN has it multiplied by 0";
  EXPECT_EQ(run(Writes(kNaN, FE_INVALID), kInfinity), kInfinity);
}

TEST(Watched, CarefulOnlyWhereASumIsNotFinite) {
  const Pair y = run(Writes(Pair{kFast, 0}, FE_INVALID), Writes(Pair{kCareful, kNaN}));
  EXPECT_EQ(y[0], kFast) << "the neighbour's NaN changes no other bit";
  EXPECT_TRUE(std::isnan(y[1]));
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
