// Panels below each other, each with axes of its own.
#include "train/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/svg.h"

namespace slipway::train {

namespace {

constexpr double kWidth = 720, kPanel = 260, kLeft = 70, kRight = 20, kTop = 34, kBottom = 40;
constexpr double kLegendRow = 18;

// Names of the panels: loss and accuracy first, the others by name.
std::vector<std::string> panels_of(const std::vector<RunCurves>& runs) {
  std::set<std::string> names;
  for (const RunCurves& run : runs) {
    for (const Json& epoch : run.epochs) {
      for (const auto& [name, value] : epoch.members()) {
        if (!value.is_number() || name == "epoch" || name == "seconds" || name == "steps") continue;
        names.insert(name.starts_with("val_") ? name.substr(4) : name);
      }
    }
  }
  std::vector<std::string> ordered;
  for (const char* first : {"loss", "accuracy"}) {
    if (names.erase(first) > 0) ordered.emplace_back(first);
  }
  ordered.insert(ordered.end(), names.begin(), names.end());
  return ordered;
}

// A step of 1, 2 or 5 times a power of ten that divides `range` into about five.
double tick_step(double range) {
  const double raw = range / 5, power = std::pow(10, std::floor(std::log10(raw)));
  const double share = raw / power;
  return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void see(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  bool empty() const { return low > high; }
  // Neither flat nor touching its ends.
  void widen() {
    const double margin = high > low ? (high - low) * 0.05 : std::max(std::abs(high) * 0.05, 1e-6);
    low -= margin;
    high += margin;
  }
};

struct Panel {
  std::string name;
  double top = 0;
  Axis x, y;

  double at_x(double value) const {
    return kLeft + (value - x.low) / std::max(x.high - x.low, 1e-9) * (kWidth - kLeft - kRight);
  }
  double at_y(double value) const {
    return top + kPanel - kBottom - (value - y.low) / (y.high - y.low) * (kPanel - kBottom - kTop);
  }
};

Panel panel_of(const std::string& name, const std::vector<RunCurves>& runs, double top) {
  Panel panel{name, top, {}, {}};
  for (const RunCurves& run : runs) {
    for (const Json& epoch : run.epochs) {
      panel.x.see(epoch["epoch"].as_double());
      for (const std::string& key : {name, "val_" + name}) {
        const double value = epoch[key].as_double();
        if (epoch[key].is_number() && std::isfinite(value)) panel.y.see(value);
      }
    }
  }
  if (panel.x.low == panel.x.high) panel.x.high += 1;
  if (panel.y.empty()) panel.y = {0, 1};
  panel.y.widen();
  return panel;
}

std::string frame(const Panel& panel) {
  const double bottom = panel.top + kPanel - kBottom, right = kWidth - kRight;
  std::string svg = fmt::format("<text x=\"{}\" y=\"{:.1f}\" class=\"title\">{}</text>\n", kLeft, panel.top + kTop - 12,
                                xml_escaped(panel.name));
  const double step = tick_step(panel.y.high - panel.y.low);
  for (double y = std::ceil(panel.y.low / step) * step; y <= panel.y.high; y += step) {
    svg += fmt::format(
        "<line x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\" class=\"grid\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.4g}</text>\n",
        kLeft, panel.at_y(y), right, kLeft - 6, panel.at_y(y) + 4, std::abs(y) < step * 1e-6 ? 0 : y);
  }
  const double stride = std::max(1.0, tick_step(panel.x.high - panel.x.low));
  for (double x = std::ceil(panel.x.low / stride) * stride; x <= panel.x.high; x += stride) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.0f}</text>\n", panel.at_x(x),
                       bottom + 16, x);
  }
  return svg + fmt::format(
                   "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">epoch</text>\n"
                   "<path d=\"M{} {:.1f}V{:.1f}H{}\" class=\"axis\"/>\n",
                   (kLeft + right) / 2, bottom + 32, kLeft, panel.top + kTop, bottom, right);
}

// One number of one run; a single epoch is a dot.
std::string curve(const Panel& panel, const RunCurves& run, const std::string& key, const char* colour, bool dashed) {
  std::string path;
  bool drawing = false;
  int64_t points = 0;
  std::string dots;
  for (const Json& epoch : run.epochs) {
    const Json& value = epoch[key];
    const double x = panel.at_x(epoch["epoch"].as_double()), y = panel.at_y(value.as_double());
    const bool there = value.is_number() && std::isfinite(value.as_double());
    if (there) path += fmt::format("{}{:.1f} {:.1f}", drawing ? "L" : "M", x, y);
    drawing = there;
    points += there ? 1 : 0;
    const bool marked = there && !dashed && epoch["epoch"].as_int() == run.marked_epoch;
    if (marked || (there && run.epochs.size() == 1)) {
      dots +=
          fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"/>\n", x, y, marked ? 4 : 2.5, colour);
    }
  }
  if (points == 0) return "";
  return fmt::format("<path d=\"{}\" stroke=\"{}\" class=\"curve\"{}/>\n{}", path, colour,
                     dashed ? " stroke-dasharray=\"5 4\"" : "", dots);
}

bool has(const RunCurves& run, const std::string& key) {
  return std::ranges::any_of(run.epochs, [&](const Json& epoch) { return epoch[key].is_number(); });
}

std::string legend(const std::vector<RunCurves>& runs) {
  std::string svg;
  double y = 20;
  for (size_t r = 0; r < runs.size(); ++r) {
    const RunCurves& run = runs[r];
    const std::string kept = run.marked_epoch > 0 ? fmt::format(", kept: epoch {}", run.marked_epoch) : "";
    svg += fmt::format(
        "<line x1=\"{0}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\" stroke=\"{3}\" class=\"curve\"/>"
        "<text x=\"{4}\" y=\"{5}\">{6}{7}</text>\n",
        kLeft, y - 4, kLeft + 24, kSvgColours[r % std::size(kSvgColours)], kLeft + 32, y, xml_escaped(run.name), kept);
    y += kLegendRow;
  }
  return svg + fmt::format("<text x=\"{}\" y=\"20\" text-anchor=\"end\">solid: validation, dashed: training</text>\n",
                           kWidth - kRight);
}

}  // namespace

std::string curves_svg(const std::vector<RunCurves>& runs) {
  const std::vector<std::string> panels = panels_of(runs);
  const double head = 16 + kLegendRow * static_cast<double>(runs.size());
  const double height = head + kPanel * static_cast<double>(std::max<size_t>(panels.size(), 1));
  std::string svg =
      svg_head(kWidth, height, ".grid{stroke:#ddd}.axis{stroke:#222;fill:none}.curve{stroke-width:2;fill:none}");
  svg += legend(runs);
  if (panels.empty()) svg += fmt::format("<text x=\"{}\" y=\"{}\">no epoch yet</text>\n", kLeft, head + kTop);
  for (size_t p = 0; p < panels.size(); ++p) {
    const Panel panel = panel_of(panels[p], runs, head + kPanel * static_cast<double>(p));
    svg += frame(panel);
    for (size_t r = 0; r < runs.size(); ++r) {
      const char* colour = kSvgColours[r % std::size(kSvgColours)];
      const bool validated = has(runs[r], "val_" + panels[p]);
      // What only training has, such as the learning rate, is drawn solid.
      svg += curve(panel, runs[r], panels[p], colour, validated || panels[p] == "loss" || panels[p] == "accuracy");
      svg += curve(panel, runs[r], "val_" + panels[p], colour, false);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace slipway::train
