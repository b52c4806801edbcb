// Graph: values by id, nodes in order, and the surgery that passes do.
#include "graph/graph.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "graph/operator.h"

namespace slipway {

Node::Node() = default;
Node::Node(const Node&) = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(const Node&) = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

Graph::Graph() = default;
Graph::Graph(const Graph&) = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(const Graph&) = default;
Graph& Graph::operator=(Graph&&) noexcept = default;
Graph::~Graph() = default;

std::string to_string(const Dim& dim) {
  if (dim.known()) return fmt::format("{}", dim.size);
  return dim.symbol.empty() ? "?" : dim.symbol;
}

std::string to_string(const Dims& dims) {
  std::string out = "[";
  for (size_t i = 0; i < dims.size(); ++i) out += (i == 0 ? "" : ", ") + to_string(dims[i]);
  return out + "]";
}

Dims to_dims(std::span<const int64_t> shape) { return {shape.begin(), shape.end()}; }

std::optional<Shape> known_shape(const Dims& dims) {
  Shape shape;
  for (const Dim& dim : dims) {
    if (!dim.known()) return std::nullopt;
    shape.push_back(dim.size);
  }
  return shape;
}

std::string to_string(const ValueType& type) {
  if (is_tensor(type.dtype)) {
    std::string name = type.dtype == DType::undefined ? "?" : std::string(dtype_name(type.dtype));
    return name + (type.dims ? to_string(*type.dims) : "[...]");
  }
  return fmt::format("{}({})", dtype_name(type.dtype), type.element != nullptr ? to_string(*type.element) : "?");
}

ValueType tensor_type(DType dtype, std::optional<Dims> dims) { return {dtype, std::move(dims), nullptr}; }

ValueType sequence_of(ValueType element) {
  return {DType::sequence, Dims(), std::make_shared<const ValueType>(std::move(element))};
}

ValueType optional_of(ValueType element) {
  return {DType::optional, Dims(), std::make_shared<const ValueType>(std::move(element))};
}

void Value::set_type(const ValueType& type) {
  dtype = type.dtype;
  dims = type.dims;
  element = type.element;
}

ValueId Graph::add_value(std::string name, DType dtype, std::optional<Dims> dims) {
  ValueId id{static_cast<int32_t>(values_.size())};
  if (name.empty() || by_name_.contains(name)) name = fresh_name(name.empty() ? "value" : name);
  by_name_.emplace(name, id);
  values_.push_back({std::move(name), dtype, std::move(dims), {}, false});
  return id;
}

ValueId Graph::add_constant(std::string name, Tensor data) {
  ValueId id = add_value(std::move(name), data.dtype(), to_dims(data.shape()));
  value(id).data = std::move(data);
  return id;
}

ValueId Graph::add_input(std::string name, DType dtype, std::optional<Dims> dims) {
  ValueId id = add_value(std::move(name), dtype, std::move(dims));
  inputs.push_back(id);
  return id;
}

NodeId Graph::add_node(Node node) {
  while (!node.inputs.empty() && !node.inputs.back().valid()) node.inputs.pop_back();
  nodes_.push_back(std::move(node));
  return {static_cast<int32_t>(nodes_.size()) - 1};
}

ValueId Graph::find(std::string_view name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? ValueId{} : it->second;
}

std::string Graph::fresh_name(std::string_view wish) const {
  if (!wish.empty() && !by_name_.contains(wish)) return std::string(wish);
  for (size_t n = values_.size();; ++n) {
    std::string name = fmt::format("{}_{}", wish, n);
    if (!by_name_.contains(name)) return name;
  }
}

void Graph::rename(ValueId id, std::string name) {
  CHECK(!by_name_.contains(name), "a value of that name exists");
  Value& v = value(id);
  by_name_.erase(v.name);
  v.name = std::move(name);
  by_name_.emplace(v.name, id);
}

std::vector<NodeId> Graph::producers() const {
  std::vector<NodeId> result(values_.size());
  for (size_t n = 0; n < nodes_.size(); ++n) {
    for (ValueId out : nodes_[n].outputs) {
      if (out.valid()) result[static_cast<size_t>(out.index)] = {static_cast<int32_t>(n)};
    }
  }
  return result;
}

std::vector<int> Graph::use_counts() const {
  std::vector<int> counts(values_.size(), 0);
  auto use = [&](ValueId id) {
    if (id.valid()) ++counts[static_cast<size_t>(id.index)];
  };
  for (const Node& node : nodes_) std::for_each(node.inputs.begin(), node.inputs.end(), use);
  std::for_each(outputs.begin(), outputs.end(), use);
  for (const Update& update : updates) use(update.next);
  return counts;
}

void Graph::replace_uses(ValueId from, ValueId to) {
  for (Node& node : nodes_) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  std::replace(outputs.begin(), outputs.end(), from, to);
  for (Update& update : updates) {
    if (update.next == from) update.next = to;
  }
}

void Graph::remove_dead_nodes() {
  std::vector<bool> needed(values_.size(), false);
  auto need = [&](ValueId id) {
    if (id.valid()) needed[static_cast<size_t>(id.index)] = true;
  };
  std::for_each(outputs.begin(), outputs.end(), need);
  for (const Update& update : updates) need(update.next);
  std::vector<bool> keep(nodes_.size(), false);
  for (size_t n = nodes_.size(); n-- > 0;) {
    const Node& node = nodes_[n];
    keep[n] = std::any_of(node.outputs.begin(), node.outputs.end(),
                          [&](ValueId v) { return v.valid() && needed[static_cast<size_t>(v.index)]; });
    if (keep[n]) std::for_each(node.inputs.begin(), node.inputs.end(), need);
  }
  size_t next = 0;
  for (size_t n = 0; n < nodes_.size(); ++n) {
    if (!keep[n]) continue;
    if (next != n) nodes_[next] = std::move(nodes_[n]);
    ++next;
  }
  nodes_.resize(next);
}

Status Graph::sort() {
  std::vector<NodeId> producer = producers();
  enum class Mark : uint8_t { fresh, open, done };
  std::vector<Mark> marks(nodes_.size(), Mark::fresh);
  std::vector<size_t> order;
  for (size_t root = 0; root < nodes_.size(); ++root) {
    std::vector<std::pair<size_t, size_t>> stack;  // node, next input to look at
    if (marks[root] == Mark::fresh) stack.emplace_back(root, 0);
    while (!stack.empty()) {
      auto& [n, next] = stack.back();
      marks[n] = Mark::open;
      if (next == nodes_[n].inputs.size()) {
        marks[n] = Mark::done;
        order.push_back(n);
        stack.pop_back();
        continue;
      }
      ValueId in = nodes_[n].inputs[next++];
      NodeId from = in.valid() ? producer[static_cast<size_t>(in.index)] : NodeId{};
      if (!from.valid()) continue;
      size_t p = static_cast<size_t>(from.index);
      if (marks[p] == Mark::open)
        return invalid(fmt::format("{}: its input depends on its own output (a cycle)", describe(nodes_[p])));
      if (marks[p] == Mark::fresh) stack.emplace_back(p, 0);
    }
  }
  std::vector<Node> sorted;
  sorted.reserve(nodes_.size());
  for (size_t n : order) sorted.push_back(std::move(nodes_[n]));
  nodes_ = std::move(sorted);
  return {};
}

Graph compacted(const Graph& graph) {
  Graph out;
  out.name = graph.name;
  out.metadata = graph.metadata;
  out.doc = graph.doc;
  out.opsets = graph.opsets;
  out.captures = graph.captures;
  std::vector<ValueId> moved(graph.value_count());
  auto move = [&](ValueId id) {
    if (!id.valid()) return id;
    ValueId& to = moved[static_cast<size_t>(id.index)];
    if (to.valid()) return to;
    const Value& value = graph.value(id);
    to = out.add_value(value.name, value.dtype, value.dims);
    out.value(to).data = value.data;
    out.value(to).trainable = value.trainable;
    out.value(to).element = value.element;
    return to;
  };
  auto move_all = [&](const Values& ids) {
    Values to;
    for (ValueId id : ids) to.push_back(move(id));
    return to;
  };
  out.inputs = move_all(graph.inputs);
  for (const Node& node : graph.nodes()) {
    Node copy = node;
    copy.inputs = move_all(node.inputs);
    copy.outputs = move_all(node.outputs);
    out.add_node(std::move(copy));
  }
  out.outputs = move_all(graph.outputs);
  for (const Graph::Update& update : graph.updates) out.updates.push_back({move(update.state), move(update.next)});
  return out;
}

}  // namespace slipway
