// Tests of the choice among TFLite's ways to resize.
#include "convert/resize_modes.h"

#include <gtest/gtest.h>

namespace slipway::convert {
namespace {

constexpr TfliteResize kPlain{false, false}, kHalf{false, true}, kAligned{true, false};

TEST(ResizeModes, Table) {
  struct Row {
    const char* coordinate;
    const char* nearest;  // nullptr: linear
    int64_t in, out;
    std::optional<TfliteResize> expected;
  };
  const Row rows[] = {
      {"asymmetric", "floor", 4, 8, kPlain},
      {"asymmetric", "round_prefer_floor", 4, 8, kPlain},         // by two, halves go down
      {"asymmetric", "round_prefer_floor", 4, 12, std::nullopt},  // by three, two thirds go up
      {"asymmetric", "ceil", 4, 8, std::nullopt},
      {"half_pixel", "round_prefer_floor", 4, 8, kPlain},
      {"half_pixel", "round_prefer_ceil", 8, 4, kHalf},
      {"align_corners", "round_prefer_ceil", 4, 7, kAligned},
      {"half_pixel", nullptr, 4, 8, kHalf},
      {"pytorch_half_pixel", nullptr, 4, 8, kHalf},
      {"asymmetric", nullptr, 4, 8, kPlain},
      {"align_corners", nullptr, 4, 7, kAligned},
      {"tf_crop_and_resize", nullptr, 4, 8, std::nullopt},
  };
  for (const Row& row : rows) {
    ResizeAxis axis{row.in, row.out, static_cast<double>(row.out) / static_cast<double>(row.in)};
    ResizeModes modes{row.nearest == nullptr, row.coordinate, row.nearest == nullptr ? "" : row.nearest};
    std::optional<TfliteResize> found = tflite_resize(modes, axis, axis);
    EXPECT_EQ(found, row.expected) << row.coordinate << " " << modes.nearest << " " << row.in << " to " << row.out;
  }
}

TEST(ResizeModes, ARatioOtherThanTheScaleIsNoticed) {
  ResizeAxis axis{5, 8, 1.7};  // floor(5 * 1.7)
  EXPECT_EQ(tflite_resize({true, "asymmetric", ""}, axis, axis), std::nullopt);
}

}  // namespace
}  // namespace slipway::convert
