// Orthogonal matrices.
#include <algorithm>
#include <cmath>
#include <vector>

#include "train/initializers/initializer_card.h"

namespace slipway::train {

namespace {

// Rows of normal numbers made orthonormal one after the other (modified Gram-Schmidt); with more rows than columns,
// the columns are. Saxe, McClelland & Ganguli, ICLR 2014.
Status orthogonal(std::span<float> to, const Shape& shape, Fans, Random& random) {
  if (shape.size() < 2) return invalid("the orthogonal initializer needs a matrix");
  const auto rows = static_cast<size_t>(shape[0]);
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
  return {};
}

}  // namespace

INITIALIZER(orthogonal) = {
    .name = "orthogonal",
    .doc = "Orthonormal rows, or columns where there are fewer (A. Saxe, J. McClelland, S. Ganguli, ICLR 2014).",
    .fill = orthogonal,
};

}  // namespace slipway::train
