// Initializers that draw nothing.
#include <algorithm>

#include "train/initializers/initializer_card.h"

namespace slipway::train {

namespace {

Status zeros(std::span<float> to, const Shape&, Fans, Random&) {
  std::ranges::fill(to, 0.0f);
  return {};
}

Status ones(std::span<float> to, const Shape&, Fans, Random&) {
  std::ranges::fill(to, 1.0f);
  return {};
}

}  // namespace

INITIALIZER(zeros) = {.name = "zeros", .doc = "0.", .fill = zeros};
INITIALIZER(ones) = {.name = "ones", .doc = "1.", .fill = ones};

}  // namespace slipway::train
