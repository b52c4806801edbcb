// Do the answers still belong to their inputs? Catches a model that answers at random or with permuted labels, even
// when every class is answered as often as before and with full confidence.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "monitor/detector.h"
#include "sketch/significance.h"

namespace slipway {

namespace {
std::vector<Finding> detect(const View& view, const Parameters& parameters);
}  // namespace

DETECTOR(class_inputs) = {
    .name = "class_inputs",
    .doc =
        "sum n_c |d_c| / (s_c sum n_c), where d_c is how far the mean of the input rows answered with class c lies "
        "from the baseline's, less the mean of all d_c, in baseline deviations s_c; where a chi-square test over "
        "the classes calls it significant.",
    .source = "a standardized effect size (J. Cohen, 1988) per class; chi-square of independent normal deviates",
    .parameters = {{{"effect", 0.35, "mean standardized distance from here on is large"},
                    {"alpha", 1e-6, "chance that an unchanged window is called significant"},
                    {"class_rows", 15, "rows a class needs"},
                    {"rows", 200, "rows that are no repeats a window needs"}}},
    .detect = detect,
};

namespace {

struct Shift {
  int64_t category;
  double n;
  double distance;   // mean in the window - mean in the baseline
  double deviation;  // of the baseline
  double error;      // standard error of `distance`
};

std::vector<Shift> shifts_of(const View& view, int64_t class_rows) {
  std::vector<Shift> shifts;
  const Baseline& b = *view.baseline;
  const size_t classes = std::min(b.class_row_mean.size(), view.recent.class_row_mean.size());
  for (size_t c = 0; c < classes; ++c) {
    const Moments& trained = b.class_row_mean[c];
    const Moments& answered = view.recent.class_row_mean[c];
    if (trained.count() < class_rows || answered.count() < class_rows || trained.deviation() == 0) continue;
    double n = static_cast<double>(answered.count());
    double error = std::sqrt(trained.variance() / static_cast<double>(trained.count()) +
                             std::max(trained.variance(), answered.variance()) / n);
    shifts.push_back({static_cast<int64_t>(c), n, answered.mean() - trained.mean(), trained.deviation(), error});
  }
  return shifts;
}

std::vector<Finding> detect(const View& view, const Parameters& overrides) {
  auto value = [&](const char* name) { return parameter(detector_class_inputs, name, overrides); };
  if (view.baseline == nullptr || static_cast<double>(view.recent.independent_rows) < value("rows")) return {};
  std::vector<Shift> shifts = shifts_of(view, static_cast<int64_t>(value("class_rows")));
  if (shifts.size() < 2) return {};
  double n = 0, common = 0;
  for (const Shift& s : shifts) {
    n += s.n;
    common += s.n * s.distance;
  }
  common /= n;
  double effect = 0, chi_square = 0;
  const Shift* worst = &shifts.front();
  Json classes = Json::array();
  for (const Shift& s : shifts) {
    double d = std::abs(s.distance - common) / s.deviation;
    effect += s.n * d / n;
    chi_square += std::pow((s.distance - common) / s.error, 2);
    if (d > std::abs(worst->distance - common) / worst->deviation) worst = &s;
    classes.push(Json::object({{"class", view.baseline->class_name(s.category)},
                               {"rows", static_cast<int64_t>(s.n)},
                               {"distance", (s.distance - common) / s.deviation}}));
  }
  const double p = chi_square_survival(chi_square, static_cast<double>(shifts.size() - 1));
  return {
      {.subject = "answers",
       .severity = Severity::critical,
       .statistic = p <= value("alpha") ? effect : 0,
       .threshold = value("effect"),
       .message = fmt::format("inputs answered with one class are not the inputs that class had in training: {:.2f} "
                              "deviations apart on average, most for {}",
                              effect, view.baseline->class_name(worst->category)),
       .evidence =
           Json::object({{"effect", effect}, {"p", p}, {"rows", view.recent.rows}, {"classes", std::move(classes)}}),
       .explained_by = {{"input_drift", "inputs"}}}};
}

}  // namespace

}  // namespace slipway
