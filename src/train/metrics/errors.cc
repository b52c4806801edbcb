// Metrics of the gap between answers and numbers.
#include <algorithm>
#include <cmath>

#include "train/confusion.h"
#include "train/metrics/metric_card.h"

namespace slipway::train {

namespace {

// Sums over elements; the variance of the targets by Welford's update.
struct Errors {
  double count = 0, absolute = 0, squares = 0, mean = 0, spread = 0;
};
Json mae_of(const Errors& e) { return ratio(e.absolute, e.count); }
Json mse_of(const Errors& e) { return ratio(e.squares, e.count); }
Json rmse_of(const Errors& e) { return std::sqrt(ratio(e.squares, e.count)); }
Json r2_of(const Errors& e) { return e.spread > 0 ? 1 - e.squares / e.spread : 0.0; }

template <Json (*kOf)(const Errors&)>
class ErrorMetric final : public Metric {
 public:
  ErrorMetric(const OutputMeaning&, int64_t) {}
  void add(const Tensor& output, const Tensor& labels) override {
    Tensor targets = labels.dtype() == DType::f32 ? labels : labels.cast(DType::f32);
    std::span<const float> x = output.data<float>(), y = targets.data<float>();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      double target = static_cast<double>(y[i]), gap = static_cast<double>(x[i]) - target;
      errors_.count += 1;
      errors_.absolute += std::abs(gap);
      errors_.squares += gap * gap;
      double from_mean = target - errors_.mean;
      errors_.mean += from_mean / errors_.count;
      errors_.spread += from_mean * (target - errors_.mean);
    }
  }
  Json result() const override { return kOf(errors_); }

 private:
  Errors errors_;
};

}  // namespace

METRIC(mae) = {
    .name = "mae",
    .doc = "Mean of |answer - number|, in the numbers' unit.",
    .aliases = {"mean_absolute_error"},
    .better = Better::less,
    .make = make<ErrorMetric<mae_of>>,
};

METRIC(mse) = {
    .name = "mse",
    .doc = "Mean of (answer - number)^2.",
    .aliases = {"mean_squared_error"},
    .better = Better::less,
    .make = make<ErrorMetric<mse_of>>,
};

METRIC(rmse) = {
    .name = "rmse",
    .doc = "Root of mse, in the numbers' unit.",
    .aliases = {"root_mean_squared_error"},
    .better = Better::less,
    .make = make<ErrorMetric<rmse_of>>,
};

METRIC(r2) = {
    .name = "r2",
    .doc = "The share of the numbers' variance that the answers explain: 1 - mse / variance.",
    .aliases = {"r2_score"},
    .make = make<ErrorMetric<r2_of>>,
};

}  // namespace slipway::train
