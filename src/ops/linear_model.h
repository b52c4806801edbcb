// What LinearClassifier and LinearRegressor share.
#pragma once

#include "ops/ml.h"

namespace slipway::ops {

// scores = X coefficientsᵀ + intercepts. coefficients: [targets, features].
struct LinearModel {
  std::vector<float> coefficients, intercepts;
  int64_t targets = 1, features = 0;

  template <typename T>
  void run(const T* x, int64_t rows, float* scores) const {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t t = 0; t < targets; ++t) {
        float sum = intercepts.empty() ? 0 : intercepts[static_cast<size_t>(t)];
        const float* w = coefficients.data() + t * features;
        for (int64_t i = 0; i < features; ++i) sum += w[i] * static_cast<float>(x[row * features + i]);
        scores[row * targets + t] = sum;
      }
    }
  }
};
// From attributes coefficients and intercepts; an error when their lengths do not fit.
Result<LinearModel> linear_model(const Node& node, int64_t targets, int64_t features);

}  // namespace slipway::ops
