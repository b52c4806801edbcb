// SIMD folds against plain loops, for every geometry and for cuts anywhere.
#include "kernels/reduce.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

double take(Fold fold, double so_far, double x) {
  switch (fold) {
    case Fold::sum: return so_far + x;
    case Fold::sum_abs: return so_far + std::fabs(x);
    case Fold::sum_square: return so_far + x * x;
    case Fold::max: return std::fmax(so_far, x);
    case Fold::min: return std::fmin(so_far, x);
    case Fold::prod: return so_far * x;
  }
  return 0;
}

TEST(Reduce, AgreesWithPlainLoopsWhateverTheCut) {
  struct Row {
    Shape shape, axes;
  };
  const Row rows[] = {{{5, 37}, {1}},         {{37, 5}, {0}},         {{300, 70}, {0}}, {{2, 3, 4}, {1}},
                      {{3, 4, 5, 6}, {0, 2}}, {{3, 4, 5, 6}, {1, 3}}, {{9000}, {0}},    {{300, 2}, {1}},
                      {{5, 40, 7}, {2}},      {{2, 1, 3}, {1}},       {{4, 5}, {}},     {{}, {}},
                      {{7, 1}, {0, 1}},       {{3, 129}, {0, 1}}};
  Random random(3);
  for (const Row& row : rows) {
    std::vector<float> x(static_cast<size_t>(element_count(row.shape)));
    for (float& v : x) v = static_cast<float>(random.uniform() * 0.2 + 0.9) * (random.next_u32() % 2 ? 1.f : -1.f);
    ReducePlan plan = plan_reduce(row.shape, row.axes);
    for (Fold fold : {Fold::sum, Fold::sum_abs, Fold::sum_square, Fold::max, Fold::min, Fold::prod}) {
      FoldF32 folds(plan, fold);
      std::vector<float> y(static_cast<size_t>(plan.outputs)), cut(y);
      folds.run(x.data(), y.data(), 0, plan.outputs);
      folds.run(x.data(), cut.data(), 0, plan.outputs / 3);
      folds.run(x.data(), cut.data(), plan.outputs / 3, plan.outputs);
      EXPECT_EQ(y, cut);
      for (int64_t i = 0; i < plan.outputs; ++i) {
        double expected = static_cast<double>(neutral_f32(fold)), scale = 1;
        for_each_folded(plan, x.data(), plan.origin(i), [&](float v) {
          expected = take(fold, expected, static_cast<double>(v));
          scale += fold <= Fold::sum_square ? 1e-2 : 0;
        });
        ASSERT_NEAR(y[i], expected, 1e-6 * scale * (1 + std::fabs(expected)))
            << to_string(row.shape) << " over " << to_string(row.axes) << " fold " << static_cast<int>(fold);
      }
    }
  }
}

TEST(Reduce, OneNanMakesTheResultNan) {
  for (Fold fold : {Fold::sum, Fold::max, Fold::min}) {
    for (size_t at : {0, 17, 99}) {
      std::vector<float> x(100, 1);
      x[at] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(std::isnan(fold_row_f32(fold)(x.data(), 100))) << static_cast<int>(fold) << " at " << at;
      float y = 0;
      fold_columns_f32(fold)(x.data(), 100, 1, &y, 1, false);
      EXPECT_TRUE(std::isnan(y)) << static_cast<int>(fold) << " at " << at;
    }
  }
}

// A million equal terms: sums in blocks stay within a few units in the last place.
TEST(Reduce, LongSumsStayAccurate) {
  std::vector<float> x(1 << 20, 0.1f);
  double exact = static_cast<double>(0.1f) * (1 << 20);
  EXPECT_NEAR(fold_row_f32(Fold::sum)(x.data(), 1 << 20), exact, exact * 2e-6);
  std::vector<float> y(4);
  fold_columns_f32(Fold::sum)(x.data(), 1 << 18, 4, y.data(), 4, false);
  EXPECT_NEAR(y[3], exact / 4, exact / 4 * 4e-6);
}

TEST(Reduce, NothingGivesTheNeutralElement) {
  FoldF32 folds(plan_reduce(Shape{2, 0}, Shape{1}), Fold::max);
  std::vector<float> y(2, 7);
  folds.run(nullptr, y.data(), 0, 2);
  EXPECT_EQ(y, (std::vector<float>(2, -std::numeric_limits<float>::infinity())));
}

}  // namespace
}  // namespace slipway::kernels
