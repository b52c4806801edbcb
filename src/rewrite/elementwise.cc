// Both questions are answered by comparing the card's batch rule.
#include "rewrite/elementwise.h"

#include "graph/operator.h"
#include "ops/batch_rules.h"

namespace slipway::rewrite {

bool is_elementwise(const Node& node) {
  if (!node.domain.empty() || node.op == nullptr) return false;
  return node.op->batch == ops::batch::elementwise || node.op->batch == ops::batch::elementwise_of_first;
}

bool is_reduction(const Node& node) {
  return node.domain.empty() && node.op != nullptr && node.op->batch == ops::batch::reduce;
}

}  // namespace slipway::rewrite
