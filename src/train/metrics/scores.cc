// Rows of scores.
#include "train/metrics/scores.h"

#include <algorithm>

namespace slipway::train {

size_t first_largest(std::span<const float> row) {
  return static_cast<size_t>(std::ranges::max_element(row) - row.begin());
}

ScoreRows rows_of(const Tensor& output, const Tensor& labels) {
  ScoreRows rows{output.data<float>(), 1, {}};
  if (labels.dtype() == DType::i64) {
    rows.classes = labels.count() == 0 ? 1 : static_cast<size_t>(output.count() / labels.count());
    for (int64_t label : labels.data<int64_t>()) rows.truth.push_back(static_cast<size_t>(label));
    return rows;
  }
  std::span<const float> y = labels.data<float>();
  if (output.rank() > 1) rows.classes = static_cast<size_t>(output.shape().back());
  for (size_t i = 0; i < y.size(); i += rows.classes) {
    rows.truth.push_back(rows.classes == 1 ? y[i] > 0.5f : first_largest(y.subspan(i, rows.classes)));
  }
  return rows;
}

size_t predicted(std::span<const float> row, const OutputMeaning& meaning) {
  if (row.size() > 1) return first_largest(row);
  return row[0] > (meaning.probabilities ? 0.5f : 0.0f);
}

}  // namespace slipway::train
