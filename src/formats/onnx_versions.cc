// The walk over a table of version rules.
#include "formats/onnx_versions.h"

#include <fmt/format.h>

#include "graph/operator.h"
#include "graph/required_outputs.h"
#include "ops/all.h"

namespace slipway {

namespace {

template <typename T>
std::optional<T> get(const Node& node, std::string_view name) {
  const T* found = std::get_if<T>(node.attributes.find(name));
  return found == nullptr ? std::nullopt : std::optional<T>(*found);
}

template <typename T>
std::optional<T> take(Node& node, std::string_view name) {
  std::optional<T> value = get<T>(node, name);
  if (value) node.attributes.erase(name);
  return value;
}

}  // namespace

std::optional<int64_t> take_int(Node& node, std::string_view name) { return take<int64_t>(node, name); }
std::optional<float> take_float(Node& node, std::string_view name) { return take<float>(node, name); }
std::optional<std::string> take_string(Node& node, std::string_view name) { return take<std::string>(node, name); }
std::optional<std::vector<int64_t>> take_ints(Node& node, std::string_view name) {
  return take<std::vector<int64_t>>(node, name);
}
std::optional<std::vector<float>> take_floats(Node& node, std::string_view name) {
  return take<std::vector<float>>(node, name);
}

std::optional<int64_t> get_int(const Node& node, std::string_view name) { return get<int64_t>(node, name); }
std::optional<std::string> get_string(const Node& node, std::string_view name) { return get<std::string>(node, name); }

void set_input(Node& node, size_t i, ValueId id) {
  if (node.inputs.size() <= i) node.inputs.resize(i + 1);
  node.inputs[i] = id;
}

void drop_inputs(Node& node, size_t from) {
  if (node.inputs.size() > from) node.inputs.resize(from);
}

const VersionRule* VersionMover::next_rule(const Node& node, int level) const {
  const VersionRule* best = nullptr;
  if (!node.domain.empty()) return best;
  for (const VersionRule& rule : rules_) {
    if (node.op_type != rule.op) continue;
    if (direction_ == Direction::up) {
      if (rule.since > level && rule.since <= target_ && (best == nullptr || rule.since < best->since)) best = &rule;
    } else {
      if (rule.since <= level && rule.since > target_ && (best == nullptr || rule.since > best->since)) best = &rule;
    }
  }
  return best;
}

Status VersionMover::move(Node node, int opset) {
  constexpr int kDeepest = 8;
  CHECK(depth_ < kDeepest, "version rules emit nodes without end");
  int level = opset;
  while (const VersionRule* rule = next_rule(node, level)) {
    level = direction_ == Direction::up ? rule->since : rule->since - 1;
    level_ = level;
    prefix_ = node.name.empty() ? node.op_type : node.name;
    std::string who = describe(node);
    for (size_t i = 0; i < rule->inputs; ++i) {
      if (!node.has_input(i)) return invalid(fmt::format("{}: input {} is missing", who, i));
    }
    RETURN_IF_ERROR(rule->apply(*this, node).at(who));
  }
  return append(std::move(node));
}

// A node may leave out what nobody reads; its kernel writes it all the same.
void VersionMover::name_outputs(Node& node) {
  const size_t required = required_outputs(node);
  if (node.outputs.size() < required) node.outputs.resize(required);
  for (size_t i = 0; i < required; ++i) {
    if (!node.outputs[i].valid()) node.outputs[i] = graph_.add_value(graph_.fresh_name(node.name + "_unread"));
  }
}

Status VersionMover::append(Node node) {
  node.op = all_operators().find(node.op_type, node.domain);
  if (node.op != nullptr && !node.outputs.empty()) name_outputs(node);
  NodeId id = graph_.add_node(std::move(node));
  if (direction_ == Direction::down) return {};  // the values have their types, and cards mean the canonical opset
  Node copy = graph_.node(id);
  // Types help later rules; what does not fit is reported by verify() and inference when the graph is used.
  if (verify_node(copy).ok()) (void)infer_node(graph_, copy);
  return {};
}

Result<ValueId> VersionMover::emit(std::string_view op_type, Values inputs, Attributes attributes) {
  Node node;
  node.op_type = op_type;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  ValueId out = graph_.add_value(graph_.fresh_name(fmt::format("{}/{}", prefix_, op_type)));
  node.outputs = {out};
  node.name = graph_.value(out).name;
  RETURN_IF_ERROR(emit_node(std::move(node)));
  return out;
}

Status VersionMover::emit_node(Node node) {
  int level = level_;
  std::string prefix = prefix_;
  ++depth_;
  Status status = move(std::move(node), level);
  --depth_;
  level_ = level;
  prefix_ = prefix;
  return status;
}

ValueId VersionMover::constant(Tensor value, std::string_view name) {
  return graph_.add_constant(graph_.fresh_name(fmt::format("{}/{}", prefix_, name)), std::move(value));
}

ValueId VersionMover::ints(const std::vector<int64_t>& values) {
  return constant(Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values), "ints");
}

ValueId VersionMover::number(double value, DType dtype) {
  return constant(Tensor::scalar(value).cast(dtype), "scalar");
}

std::optional<int64_t> VersionMover::rank(ValueId id) const {
  if (!id.valid() || !value(id).dims) return std::nullopt;
  return static_cast<int64_t>(value(id).dims->size());
}

const Tensor* VersionMover::constant_input(const Node& node, size_t i) const {
  return node.has_input(i) && graph_.is_constant(node.inputs[i]) ? &value(node.inputs[i]).data : nullptr;
}

}  // namespace slipway
