// Initial weights: Keras's initializers, one row each.
#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "train/fields.h"
#include "train/layers/context.h"

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
struct Row {
  const char* name;
  double (*draw)(Random&);
  double (*scale)(double fan_in, double fan_out);
};

double glorot_limit(double in, double out) { return std::sqrt(6 / (in + out)); }
double glorot_deviation(double in, double out) { return std::sqrt(2 / (in + out)); }
double he_limit(double in, double) { return std::sqrt(6 / in); }
double he_deviation(double in, double) { return std::sqrt(2 / in); }
double lecun_limit(double in, double) { return std::sqrt(3 / in); }
double lecun_deviation(double in, double) { return std::sqrt(1 / in); }
double twentieth(double, double) { return 0.05; }
double none(double, double) { return 0; }
double one(double, double) { return 1; }
double always_one(Random&) { return 1; }

// Glorot & Bengio, AISTATS 2010; He et al., ICCV 2015; LeCun et al., "Efficient BackProp", 1998.
constexpr Row kInitializers[] = {
    {"glorot_uniform", uniform, glorot_limit},
    {"glorot_normal", truncated_normal, glorot_deviation},
    {"he_uniform", uniform, he_limit},
    {"he_normal", truncated_normal, he_deviation},
    {"lecun_uniform", uniform, lecun_limit},
    {"lecun_normal", truncated_normal, lecun_deviation},
    {"random_uniform", uniform, twentieth},
    {"random_normal", truncated_normal, twentieth},
    {"zeros", always_one, none},
    {"ones", always_one, one},
    {"orthogonal", nullptr, one},
};

// Rows of normal numbers made orthonormal one after the other (modified Gram-Schmidt); with more rows than columns,
// the columns are. Saxe, McClelland & Ganguli, ICLR 2014.
void orthogonal(std::span<float> to, size_t rows, Random& random) {
  size_t columns = to.size() / rows;
  size_t count = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> vectors(count * length);
  for (double& x : vectors) x = random.normal();
  for (size_t i = 0; i < count; ++i) {
    double* mine = &vectors[i * length];
    for (size_t j = 0; j < i; ++j) {
      const double* other = &vectors[j * length];
      double dot = 0;
      for (size_t k = 0; k < length; ++k) dot += mine[k] * other[k];
      for (size_t k = 0; k < length; ++k) mine[k] -= dot * other[k];
    }
    double norm = 0;
    for (size_t k = 0; k < length; ++k) norm += mine[k] * mine[k];
    for (size_t k = 0; k < length; ++k) mine[k] /= std::sqrt(norm);
  }
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) {
      to[r * columns + c] = static_cast<float>(rows <= columns ? vectors[r * length + c] : vectors[c * length + r]);
    }
  }
}

}  // namespace

Result<Tensor> initialize(const std::string& name, Shape shape, int64_t fan_in, int64_t fan_out, Random& random) {
  const Row* row = TRY(find_row("initializer", std::span<const Row>(kInitializers), name));
  Tensor tensor(DType::f32, shape);
  std::span<float> to = tensor.mutable_data<float>();
  if (row->draw == nullptr) {
    if (shape.size() < 2) return invalid("the orthogonal initializer needs a matrix");
    orthogonal(to, static_cast<size_t>(shape[0]), random);
    return tensor;
  }
  double scale = row->scale(static_cast<double>(fan_in), static_cast<double>(fan_out));
  for (float& x : to) x = static_cast<float>(row->draw(random) * scale);
  return tensor;
}

}  // namespace slipway::train
