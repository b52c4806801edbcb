// Initializers that draw uniform or normal numbers and scale them. X. Glorot, Y. Bengio, AISTATS 2010; K. He et al.,
// ICCV 2015; Y. LeCun et al., "Efficient BackProp", 1998.
#include <cmath>

#include "train/initializers/initializer_card.h"

namespace slipway::train {

namespace {

double uniform(Random& random) { return 2 * random.uniform() - 1; }

// A normal cut off at two deviations, whose own deviation is then 0.8796.
double truncated_normal(Random& random) {
  constexpr double kDeviation = 0.87962566103423978;
  double z = random.normal();
  while (std::abs(z) > 2) z = random.normal();
  return z / kDeviation;
}

// scale × uniform in [-1, 1] or normal of deviation 1. Uniform numbers of a variance v reach ±sqrt(3 v).
template <double (*kDraw)(Random&), double (*kScale)(Fans)>
Status scaled(std::span<float> to, const Shape&, Fans fans, Random& random) {
  const double scale = kScale(fans);
  for (float& x : to) x = static_cast<float>(kDraw(random) * scale);
  return {};
}

double glorot_limit(Fans f) { return std::sqrt(6 / (f.in + f.out)); }
double glorot_deviation(Fans f) { return std::sqrt(2 / (f.in + f.out)); }
double he_limit(Fans f) { return std::sqrt(6 / f.in); }
double he_deviation(Fans f) { return std::sqrt(2 / f.in); }
double lecun_limit(Fans f) { return std::sqrt(3 / f.in); }
double lecun_deviation(Fans f) { return std::sqrt(1 / f.in); }
double twentieth(Fans) { return 0.05; }

}  // namespace

INITIALIZER(glorot_uniform) = {
    .name = "glorot_uniform",
    .doc = "Uniform within ±sqrt(6 / (in + out)) (X. Glorot, Y. Bengio, 2010).",
    .fill = scaled<uniform, glorot_limit>,
};

INITIALIZER(glorot_normal) = {
    .name = "glorot_normal",
    .doc = "Normal of deviation sqrt(2 / (in + out)), cut off at two deviations.",
    .fill = scaled<truncated_normal, glorot_deviation>,
};

INITIALIZER(he_uniform) = {
    .name = "he_uniform",
    .doc = "Uniform within ±sqrt(6 / in) (K. He et al., 2015).",
    .fill = scaled<uniform, he_limit>,
};

INITIALIZER(he_normal) = {
    .name = "he_normal",
    .doc = "Normal of deviation sqrt(2 / in), cut off at two deviations.",
    .fill = scaled<truncated_normal, he_deviation>,
};

INITIALIZER(lecun_uniform) = {
    .name = "lecun_uniform",
    .doc = "Uniform within ±sqrt(3 / in) (Y. LeCun et al., 1998).",
    .fill = scaled<uniform, lecun_limit>,
};

INITIALIZER(lecun_normal) = {
    .name = "lecun_normal",
    .doc = "Normal of deviation sqrt(1 / in), cut off at two deviations.",
    .fill = scaled<truncated_normal, lecun_deviation>,
};

INITIALIZER(random_uniform) = {
    .name = "random_uniform",
    .doc = "Uniform within ±0.05.",
    .fill = scaled<uniform, twentieth>,
};

INITIALIZER(random_normal) = {
    .name = "random_normal",
    .doc = "Normal of deviation 0.05, cut off at two deviations.",
    .fill = scaled<truncated_normal, twentieth>,
};

}  // namespace slipway::train
