// ThresholdModel as JSON, and the z values it judges.
#include "monitor/threshold.h"

#include <algorithm>
#include <cmath>

#include "sketch/moments.h"

namespace slipway {

Json ThresholdModel::to_json() const {
  return Json::object({{"format", "slipway-threshold-1"},
                       {"k", k},
                       {"sharpness", sharpness},
                       {"examples", examples},
                       {"f1", f1},
                       {"trained_on", trained_on}});
}

Result<ThresholdModel> ThresholdModel::from_json(const Json& json) {
  if (json["format"].as_string() != "slipway-threshold-1") {
    return invalid("threshold: expected \"format\": \"slipway-threshold-1\", found " + json["format"].dump());
  }
  ThresholdModel model;
  model.k = json["k"].as_double(NAN);
  model.sharpness = json["sharpness"].as_double(model.sharpness);
  model.examples = json["examples"].as_int();
  model.f1 = json["f1"].as_double();
  model.trained_on = json["trained_on"].as_string();
  if (!(model.k > 0 && model.sharpness > 0)) {
    return invalid("threshold: k and sharpness must be positive, found " + json.dump());
  }
  return model;
}

Reference reference_of(std::span<const double> before, double floor) {
  Moments moments;
  for (double x : before) moments.add(x);
  return {moments.mean(), std::max({moments.deviation(), floor * std::abs(moments.mean()), 1e-12}), moments.count()};
}

std::vector<double> deviations(std::span<const double> x, size_t reference, size_t minimum, double floor) {
  std::vector<double> z(x.size(), 0);
  for (size_t i = std::max<size_t>(minimum, 2); i < x.size(); ++i) {
    const size_t begin = i > reference ? i - reference : 0;
    z[i] = std::abs(reference_of(x.subspan(begin, i - begin), floor).deviation(x[i]));
  }
  return z;
}

}  // namespace slipway
