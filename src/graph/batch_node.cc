// What a batch rule reads of its node's inputs.
#include "graph/batch_node.h"

#include <cmath>

namespace slipway {

std::vector<RowCount> BatchNode::dims(size_t i) const {
  std::vector<RowCount> counts;
  for (int64_t size : shape(i)) counts.push_back({.fixed = size});
  if (split(i)) counts[at(i).axis] = {.per_row = at(i).outer * at(i).inner};
  return counts;
}

std::optional<std::vector<RowCount>> BatchNode::counts(size_t i) const {
  const BatchFact& fact = *inputs_[i];
  if (fact.kind == BatchFact::Kind::counts) return fact.counts;
  if (fact.kind != BatchFact::Kind::whole || !fact.contents.defined()) return std::nullopt;
  const Tensor& contents = fact.contents;
  if (!is_tensor(contents.dtype()) || contents.dtype() == DType::string) return std::nullopt;
  std::vector<RowCount> counts;
  if (!is_float(contents.dtype())) {
    for (int64_t x : contents.to_ints()) counts.push_back({.fixed = x});
    return counts;
  }
  for (double x : contents.to_doubles()) {
    const bool exact = std::floor(x) == x && std::abs(x) < static_cast<double>(int64_t{1} << 53);
    counts.push_back(exact ? RowCount{.fixed = static_cast<int64_t>(x)} : RowCount{.known = false});
  }
  return counts;
}

std::optional<std::vector<int64_t>> BatchNode::ints(size_t i) const {
  std::optional<std::vector<RowCount>> counts = this->counts(i);
  if (!counts) return std::nullopt;
  std::vector<int64_t> ints;
  for (const RowCount& c : *counts) {
    if (!c.is_fixed()) return std::nullopt;
    ints.push_back(c.fixed);
  }
  return ints;
}

}  // namespace slipway
