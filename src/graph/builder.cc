// Builder: nodes appended and typed as they come.
#include "graph/builder.h"

#include <fmt/format.h>

namespace slipway {

namespace {

const Dims kNoDims;

}  // namespace

Builder::Builder(Graph& graph, const OperatorSet& operators, std::string prefix)
    : graph_(graph), operators_(operators), prefix_(std::move(prefix)) {}

void Builder::fail(Status error) {
  if (status_.ok()) status_ = std::move(error);
}

ValueId Builder::op(std::string_view op_type, Values inputs, Attributes attributes, std::string_view domain) {
  return ops(op_type, std::move(inputs), 1, std::move(attributes), domain)[0];
}

Values Builder::ops(std::string_view op_type, Values inputs, int outputs, Attributes attributes,
                    std::string_view domain) {
  Values results(static_cast<size_t>(outputs));
  if (!status_.ok()) return results;
  Node node;
  node.op_type = op_type;
  node.domain = domain;
  node.op = operators_.find(op_type, domain);
  CHECK(node.op != nullptr, "Builder asked for an operator without a card");
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  for (int i = 0; i < outputs; ++i) {
    results[static_cast<size_t>(i)] = graph_.add_value(graph_.fresh_name(fmt::format("{}{}", prefix_, op_type)));
  }
  node.outputs = results;
  node.name = graph_.value(results[0]).name;
  NodeId id = graph_.add_node(std::move(node));
  Node copy = graph_.node(id);  // inference may not see the node move
  fail(infer_node(graph_, copy));
  return results;
}

ValueId Builder::constant(Tensor value, std::string_view name) {
  return graph_.add_constant(graph_.fresh_name(prefix_ + std::string(name)), std::move(value));
}

ValueId Builder::scalar(float value) { return constant(Tensor::scalar(value), "scalar"); }

ValueId Builder::ints(const std::vector<int64_t>& values) {
  return constant(Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values), "ints");
}

const Dims& Builder::dims(ValueId v) const {
  if (!v.valid()) return kNoDims;  // only after an error, which status() tells
  const Value& value = graph_.value(v);
  CHECK(value.dims.has_value(), "rank unknown where a gradient or layer needs it");
  return *value.dims;
}

ValueId Builder::unbroadcast(ValueId gradient, ValueId target) {
  if (!status_.ok()) return {};
  Dims from = dims(gradient);
  Dims to = dims(target);
  std::vector<int64_t> sum;  // axes of `gradient` that `target` was stretched over
  size_t lead = from.size() - to.size();
  for (size_t i = 0; i < from.size(); ++i) {
    bool stretched =
        i < lead || (to[i - lead].known() && to[i - lead].size == 1 && !(from[i].known() && from[i].size == 1));
    if (stretched) sum.push_back(static_cast<int64_t>(i));
  }
  if (sum.empty()) return gradient;
  ValueId reduced = op("ReduceSum", {gradient, ints(sum)}, {{"keepdims", int64_t{lead == 0}}});
  return lead == 0 ? reduced : reshape_like(reduced, target);
}

ValueId Builder::reshape_like(ValueId x, ValueId like) {
  if (!status_.ok()) return {};
  std::optional<Shape> shape = known_shape(dims(like));
  ValueId target = shape ? ints(*shape) : op("Shape", {like});
  return op("Reshape", {x, target});
}

}  // namespace slipway
