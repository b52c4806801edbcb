// Panels beside each other.
#include "predict/score_picture.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/svg.h"

namespace slipway {

namespace {

constexpr double kSide = 360, kLeft = 110, kTop = 50, kGap = 90, kBottom = 60;
constexpr size_t kMostClasses = 40;
constexpr const char* kBlue = kSvgColours[0];
constexpr const char* kOrange = kSvgColours[1];

// A panel's place; y grows upwards within it, from 0 to 1 as x does.
struct Panel {
  double left = kLeft;
  double x(double share) const { return left + share * kSide; }
  double y(double share) const { return kTop + (1 - share) * kSide; }
};

std::string words(double x, double y, const std::string& text, const char* anchor, const char* more = "") {
  if (text.empty()) return text;
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, more,
                     xml_escaped(text));
}

std::string frame(const Panel& panel, const std::string& title, const std::string& across, const std::string& up) {
  const double middle = panel.y(0.5), beside = panel.left - 44;
  return words(panel.x(0.5), kTop - 18, title, "middle", " class=\"title\"") +
         words(panel.x(0.5), panel.y(0) + 40, across, "middle") +
         words(beside, middle, up, "middle",
               fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", beside, middle).c_str()) +
         fmt::format("<rect x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2}\" height=\"{2}\" class=\"frame\"/>\n", panel.left,
                     kTop, kSide);
}

std::string diagonal(const Panel& panel) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"guide\"/>\n", panel.x(0),
                     panel.y(0), panel.x(1), panel.y(1));
}

// `count` ticks from `low` to `high` on both axes.
std::string ticks(const Panel& panel, double low, double high) {
  std::string svg;
  for (int i = 0; i <= 4; ++i) {
    const std::string text = fmt::format("{:.4g}", low + (high - low) * i / 4);
    svg += words(panel.x(i / 4.0), panel.y(0) + 18, text, "middle") +
           words(panel.left - 8, panel.y(i / 4.0) + 4, text, "end");
  }
  return svg;
}

std::string confusion(const Panel& panel, const Json& classes, const Json& matrix) {
  const size_t n = matrix.items().size();
  const double cell = kSide / static_cast<double>(n);
  std::string svg = frame(panel, "who was taken for whom", "told", "");
  for (size_t r = 0; r < n; ++r) {
    const Json::Array& row = matrix.items()[r].items();
    double all = 0;
    for (const Json& count : row) all += count.as_double();
    const std::string name = classes.items()[r]["name"].as_string();
    const double y = kTop + static_cast<double>(r) * cell;
    svg += words(panel.left - 6, y + cell / 2 + 4, name, "end") +
           words(panel.left + (static_cast<double>(r) + 0.5) * cell, panel.y(0) + 18, name, "middle");
    for (size_t c = 0; c < row.size(); ++c) {
      const double share = all > 0 ? row[c].as_double() / all : 0, x = panel.left + static_cast<double>(c) * cell;
      svg += fmt::format(
          "<rect x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{3:.1f}\" height=\"{3:.1f}\" fill=\"{2}\" "
          "fill-opacity=\"{4:.3f}\"/>\n",
          x, y, r == c ? kBlue : kOrange, cell, share);
      if (n <= 12) svg += words(x + cell / 2, y + cell / 2 + 4, fmt::format("{}", row[c].as_int()), "middle");
    }
  }
  return svg;
}

// A pair of bars for each class.
std::string bars(const Panel& panel, const Json& classes) {
  const size_t n = std::min(kMostClasses, classes.items().size());
  const double height = kSide / static_cast<double>(n);
  std::string svg = frame(panel, "precision (blue) and recall (orange)", "", "");
  for (size_t i = 0; i < n; ++i) {
    const Json& each = classes.items()[i];
    const double y = kTop + static_cast<double>(i) * height;
    svg += words(panel.left - 6, y + height / 2 + 4, each["name"].as_string(), "end");
    for (size_t bar = 0; bar < 2; ++bar) {
      svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n",
                         panel.left, y + height * (bar == 0 ? 0.12 : 0.52),
                         each[bar == 0 ? "precision" : "recall"].as_double() * kSide, height * 0.36,
                         bar == 0 ? kBlue : kOrange);
    }
  }
  return svg;
}

std::string calibration(const Panel& panel, const Json& calibration) {
  std::string path;
  std::string svg = frame(panel, fmt::format("calibration (expected error {:.3f})", calibration["ece"].as_double()),
                          "how sure", "how often right") +
                    ticks(panel, 0, 1) + diagonal(panel);
  for (const Json& bin : calibration["bins"].items()) {
    const double x = panel.x(bin["confidence"].as_double()), y = panel.y(bin["accuracy"].as_double());
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"><title>{} answers</title></circle>\n",
                       x, y, kBlue, bin["examples"].as_int());
  }
  return svg + fmt::format("<path d=\"{}\" stroke=\"{}\" fill=\"none\" stroke-width=\"2\"/>\n", path, kBlue);
}

std::string scatter(const Panel& panel, const std::vector<ToldNumber>& numbers) {
  double low = INFINITY, high = -INFINITY;
  for (const ToldNumber& each : numbers) {
    for (float value : {each.truth, each.told}) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, static_cast<double>(value));
      high = std::max(high, static_cast<double>(value));
    }
  }
  if (!(low < high)) {
    low = std::isfinite(low) ? low - 1 : 0;
    high = low + 2;
  }
  std::string svg = frame(panel, "told and true", "truth", "told") + ticks(panel, low, high) + diagonal(panel);
  for (const ToldNumber& each : numbers) {
    if (!std::isfinite(each.truth) || !std::isfinite(each.told)) continue;
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\" fill=\"{}\" fill-opacity=\"0.5\"/>\n",
                       panel.x((static_cast<double>(each.truth) - low) / (high - low)),
                       panel.y((static_cast<double>(each.told) - low) / (high - low)), kBlue);
  }
  return svg;
}

}  // namespace

std::string score_picture(const Json& result, const std::vector<ToldNumber>& numbers) {
  const Json& classes = result["classes"];
  const size_t panels = classes.is_null() ? 1 : 2;
  const double width = kLeft + static_cast<double>(panels) * (kSide + kGap) - kGap + 40;
  std::string svg =
      svg_head(width, kTop + kSide + kBottom, ".frame{fill:none;stroke:#222}.guide{stroke:#999;stroke-dasharray:5 4}");
  if (classes.is_null()) return svg + scatter(Panel{}, numbers) + "</svg>\n";
  const Json& matrix = result["confusion_matrix"];
  const bool one = matrix.items().size() == classes.items().size() && classes.items().size() <= kMostClasses &&
                   !matrix.items().empty() && !matrix.items()[0].items().empty() &&
                   matrix.items()[0].items()[0].is_number();
  svg += one ? confusion(Panel{}, classes, matrix) : bars(Panel{}, classes);
  return svg + calibration(Panel{kLeft + kSide + kGap}, result["calibration"]) + "</svg>\n";
}

}  // namespace slipway
