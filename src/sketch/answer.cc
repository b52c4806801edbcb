// Reading of output rows.
#include "sketch/answer.h"

#include <algorithm>
#include <cmath>

namespace slipway {

RowAnswer read_answer(std::span<const float> row) {
  RowAnswer answer;
  if (row.empty()) return answer;
  size_t best = 0;
  float least = row[0];
  float sum = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    sum += row[i];
    least = std::min(least, row[i]);
    best = row[i] > row[best] ? i : best;
  }
  if (!std::isfinite(sum)) {
    answer.finite = false;
    return answer;
  }
  if (row.size() == 1) {
    answer.value = row[0];
    if (row[0] < 0 || row[0] > 1) return answer;
    answer.category = row[0] >= 0.5f ? 1 : 0;
    answer.confidence = std::max(row[0], 1 - row[0]);
    return answer;
  }
  answer.category = static_cast<int64_t>(best);
  if (least >= 0 && std::abs(sum - 1) < 0.01f) {
    answer.confidence = std::min(row[best], 1.0f);
    return answer;
  }
  float partition = 0;
  for (float x : row) partition += std::exp(x - row[best]);
  answer.confidence = 1 / partition;
  return answer;
}

}  // namespace slipway
