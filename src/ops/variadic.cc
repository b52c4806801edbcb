// Samples and gradients of the cards with any number of operands.
#include "ops/variadic.h"

#include "ops/gradient.h"

namespace slipway::ops {

std::vector<Sample> variadic_samples() {
  return {{.inputs = {random_input({3, 4})}},
          {.inputs = {random_input({3, 4}), random_input({4})}},
          {.inputs = {random_input({2, 3, 1}), random_input({2, 3, 21}), random_input({3, 1})}},
          {.inputs = {random_input({600}), random_input({600}), random_input({})}}};
}

Result<Values> extreme_gradient(Builder& b, const Node&, const Values& x, const Values& y, const Values& dy) {
  Values hits;
  for (ValueId operand : x) {
    hits.push_back(where_or_zero(b, b.op("Equal", {operand, y[0]}), scalar_like(b, 1, y[0])));
  }
  ValueId share = b.div(dy[0], b.op("Sum", hits));
  Values dx;
  for (size_t i = 0; i < x.size(); ++i) dx.push_back(b.unbroadcast(b.mul(hits[i], share), x[i]));
  return dx;
}

}  // namespace slipway::ops
