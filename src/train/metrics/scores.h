// A batch as rows of scores, as most metrics of classes read it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tensor/tensor.h"
#include "train/metrics.h"

namespace slipway::train {

// A batch as rows of scores, one per class, with the class that is true.
struct ScoreRows {
  std::span<const float> scores;
  size_t classes;  // scores per row; 1: a score of class 1 against class 0
  std::vector<size_t> truth;

  size_t count() const { return truth.size(); }
  std::span<const float> row(size_t i) const { return scores.subspan(i * classes, classes); }
};

size_t first_largest(std::span<const float> row);

ScoreRows rows_of(const Tensor& output, const Tensor& labels);

// The class that a row of scores stands for.
size_t predicted(std::span<const float> row, const OutputMeaning& meaning);

}  // namespace slipway::train
