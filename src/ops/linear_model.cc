// What LinearClassifier and LinearRegressor share.
#include "ops/linear_model.h"

#include <fmt/format.h>

namespace slipway::ops {

Result<LinearModel> linear_model(const Node& node, int64_t targets, int64_t features) {
  LinearModel model{node.floats("coefficients"), node.floats("intercepts"), targets, features};
  auto found = static_cast<int64_t>(model.coefficients.size());
  if (found != targets * features) {
    return invalid(fmt::format("{} coefficients; expected {} for {} targets of {} features", found, targets * features,
                               targets, features));
  }
  if (!model.intercepts.empty() && static_cast<int64_t>(model.intercepts.size()) != targets) {
    return invalid(fmt::format("{} intercepts; expected {}", model.intercepts.size(), targets));
  }
  return model;
}

}  // namespace slipway::ops
