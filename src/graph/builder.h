// Builder: appends nodes to a graph and infers their types as it goes. Used by layers, gradients and passes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/operator.h"

namespace slipway {

// The first error sticks: later calls return invalid ids, and status() tells it. So a gradient can be written as one
// expression and checked once.
class Builder {
 public:
  // Names of new values begin with `prefix`.
  Builder(Graph& graph, const OperatorSet& operators, std::string prefix = "");

  // A node with one output. `inputs` may hold invalid ids for omitted optionals.
  ValueId op(std::string_view op_type, Values inputs, Attributes attributes = {}, std::string_view domain = "");
  // A node with `outputs` outputs.
  Values ops(std::string_view op_type, Values inputs, int outputs, Attributes attributes = {},
             std::string_view domain = "");

  ValueId constant(Tensor value, std::string_view name = "const");
  ValueId scalar(float value);
  ValueId ints(const std::vector<int64_t>& values);  // a 1-D int64 constant

  // Shorthand for the commonest.
  ValueId add(ValueId a, ValueId b) { return op("Add", {a, b}); }
  ValueId sub(ValueId a, ValueId b) { return op("Sub", {a, b}); }
  ValueId mul(ValueId a, ValueId b) { return op("Mul", {a, b}); }
  ValueId div(ValueId a, ValueId b) { return op("Div", {a, b}); }
  ValueId neg(ValueId a) { return op("Neg", {a}); }

  // Sums `gradient` over the dimensions in which `target` was broadcast, so that it has target's shape.
  ValueId unbroadcast(ValueId gradient, ValueId target);
  // `x` under the shape of `like` (Reshape to a constant shape where known, else through Shape).
  ValueId reshape_like(ValueId x, ValueId like);

  // The type so far. dims() requires a known rank.
  const Dims& dims(ValueId v) const;
  DType dtype(ValueId v) const { return graph_.value(v).dtype; }
  int64_t rank(ValueId v) const { return static_cast<int64_t>(dims(v).size()); }

  Graph& graph() { return graph_; }
  const OperatorSet& operators() const { return operators_; }
  const Status& status() const { return status_; }
  // Makes `error` the sticking one unless there is one already.
  void fail(Status error);

 private:
  Graph& graph_;
  const OperatorSet& operators_;
  std::string prefix_;
  Status status_;
};

}  // namespace slipway
