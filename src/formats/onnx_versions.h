// Moving nodes of ONNX's default domain from one opset to another: one table of what changed, one walk over it.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway {

// Graph::value types and Node attributes mean those of this opset (graph/graph.h).
inline constexpr int kCanonicalOpset = 21;

class VersionMover;

// Opset `since` changed what `op` means or how it is written; `apply` carries a node across that change. It may emit
// nodes that come before the node (they continue from the same opset), and turn the node itself into another.
struct VersionRule {
  const char* op;
  int since;
  Status (*apply)(VersionMover& mover, Node& node);
  size_t inputs = 1;  // how many first inputs must be there before `apply` looks at them
};

class VersionMover {
 public:
  enum class Direction { up, down };

  // Nodes move from their own opset to `target` (up) or from the given one to `target` (down).
  // `graph` receives the nodes; it already holds their values. Requires: graph and rules outlive this.
  VersionMover(Graph& graph, std::span<const VersionRule> rules, Direction direction, int target)
      : graph_(graph), rules_(rules), direction_(direction), target_(target) {}

  // Carries `node` from `opset` to the target and appends it, after what its rules emit. Its error names the node.
  Status move(Node node, int opset);

  // For rules ---------------------------------------------------------------------------------------------------
  Graph& graph() { return graph_; }
  // A node with one new output, before the node being moved, written in the opset on the far side of the rule.
  Result<ValueId> emit(std::string_view op_type, Values inputs, Attributes attributes = {});
  Status emit_node(Node node);
  ValueId constant(Tensor value, std::string_view name = "const");
  ValueId ints(const std::vector<int64_t>& values);
  // A scalar of `dtype`. Requires: a numeric type.
  ValueId number(double value, DType dtype);
  const Value& value(ValueId id) const { return graph_.value(id); }
  // nullopt when unknown.
  std::optional<int64_t> rank(ValueId id) const;
  // The contents of input i when it is a constant, else nullptr (also when it is omitted).
  const Tensor* constant_input(const Node& node, size_t i) const;
  int target() const { return target_; }

 private:
  const VersionRule* next_rule(const Node& node, int level) const;
  Status append(Node node);
  void name_outputs(Node& node);

  Graph& graph_;
  std::span<const VersionRule> rules_;
  Direction direction_;
  int target_;
  int level_ = 0;       // the opset that emitted nodes are written in
  int depth_ = 0;       // of emitted nodes that emit
  std::string prefix_;  // names of emitted values begin with it
};

// Small tools for rules -------------------------------------------------------------------------------------------
// The attribute's value, taken out of the node; nullopt when it is absent or of another type.
std::optional<int64_t> take_int(Node& node, std::string_view name);
std::optional<float> take_float(Node& node, std::string_view name);
std::optional<std::string> take_string(Node& node, std::string_view name);
std::optional<std::vector<int64_t>> take_ints(Node& node, std::string_view name);
std::optional<std::vector<float>> take_floats(Node& node, std::string_view name);
// The attribute's value, left in place; nullopt when it is absent or of another type.
std::optional<int64_t> get_int(const Node& node, std::string_view name);
std::optional<std::string> get_string(const Node& node, std::string_view name);
// Makes input i `id`, with omitted inputs before it where there are none.
void set_input(Node& node, size_t i, ValueId id);
// Drops inputs from i on.
void drop_inputs(Node& node, size_t from);

}  // namespace slipway
