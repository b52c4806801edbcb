// Curves: panels, lines and gaps of the picture.
#include "train/curves.h"

#include <cmath>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json epoch(int64_t number, double loss, double val_loss, double rate = 0.1) {
  return Json::object({{"epoch", number},
                       {"loss", loss},
                       {"val_loss", val_loss},
                       {"learning_rate", rate},
                       {"seconds", 1.5},
                       {"steps", int64_t{10}}});
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Curves, APanelForEachNumberAndALineForEachRun) {
  const std::string svg =
      curves_svg({{"first", {epoch(1, 2, 3), epoch(2, 1, 2)}, 2}, {"<second>", {epoch(1, 4, 5), epoch(2, 3, 4)}, 0}});
  EXPECT_EQ(count(svg, "class=\"title\">"), 2u) << svg;
  EXPECT_THAT(svg, HasSubstr(">loss</text>"));
  EXPECT_THAT(svg, HasSubstr(">learning_rate</text>"));
  EXPECT_THAT(svg, HasSubstr("first, kept: epoch 2<"));
  EXPECT_THAT(svg, HasSubstr("&lt;second&gt;<"));
  EXPECT_EQ(count(svg, "<path d=\"M"), 2u + 6u) << "two axes; loss, val_loss and learning_rate of two runs";
  EXPECT_EQ(count(svg, "stroke-dasharray"), 2u) << "training losses";
  EXPECT_EQ(count(svg, "r=\"4\""), 2u) << "the kept epoch's val_loss and learning rate";
  EXPECT_EQ(svg, curves_svg({{"first", {epoch(1, 2, 3), epoch(2, 1, 2)}, 2},
                             {"<second>", {epoch(1, 4, 5), epoch(2, 3, 4)}, 0}}));
}

// The first point of the lower curve lies below that of the higher, and time goes to the right.
TEST(Curves, PointsLieWhereTheirNumbersAre) {
  const std::string svg = curves_svg({{"run", {epoch(1, 1, 0), epoch(3, 0, 1)}, 0}});
  const double low = 260 - 40 + 34, high = 34 + 34;  // of the panel below the legend
  auto y = [&](double value) { return low - (value + 0.05) / 1.1 * (low - high); };
  EXPECT_THAT(svg, HasSubstr("M70.0 " + fmt::format("{:.1f}", y(1)) + "L700.0 " + fmt::format("{:.1f}", y(0))));
  EXPECT_THAT(svg, HasSubstr("M70.0 " + fmt::format("{:.1f}", y(0)) + "L700.0 " + fmt::format("{:.1f}", y(1))));
}

TEST(Curves, WhatIsNotANumberLeavesAGap) {
  Json gap = epoch(2, 1, 1);
  gap.set("val_loss", Json());
  const std::string svg = curves_svg({{"run", {epoch(1, 1, 2), gap, epoch(3, NAN, 2)}, 0}});
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_EQ(count(curves_svg({{"run", {epoch(1, 2, 3)}, 0}}), "r=\"2.5\""), 3u) << "a single epoch is seen";
  EXPECT_THAT(curves_svg({{"run", {}, 0}}), HasSubstr("no epoch yet"));
  EXPECT_THAT(curves_svg({}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace slipway::train
