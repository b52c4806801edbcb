// Graph: a model with ONNX semantics, the one form it has from the first line of a recipe to the last request.
//
// Canonical semantics are those of opset 21 of the default domain: readers of older files upgrade nodes, writers
// of older opsets lower them. Nodes are kept in an order in which every value is produced before it is used.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/attribute.h"
#include "tensor/tensor.h"

namespace slipway {

struct Operator;

// A dimension: a known size, a named unknown ("batch"), or an anonymous unknown.
struct Dim {
  int64_t size = -1;   // >= 0 when known
  std::string symbol;  // may name an unknown

  Dim() = default;
  Dim(int64_t n) : size(n) {}
  Dim(int n) : size(n) {}
  static Dim named(std::string name) {
    Dim d;
    d.symbol = std::move(name);
    return d;
  }
  bool known() const { return size >= 0; }
  // Known equal sizes, or the same name. Two anonymous unknowns are not the same.
  bool same(const Dim& other) const {
    return known() ? size == other.size : (!symbol.empty() && !other.known() && symbol == other.symbol);
  }
};
using Dims = std::vector<Dim>;

// "3", "batch" or "?"
std::string to_string(const Dim& dim);
// "[batch, 3]"
std::string to_string(const Dims& dims);
Dims to_dims(std::span<const int64_t> shape);
// nullopt unless every dimension is known.
std::optional<Shape> known_shape(const Dims& dims);

// What a value is. All of it may be unknown.
struct ValueType {
  DType dtype = DType::undefined;
  std::optional<Dims> dims;                  // nullopt: rank unknown; [] for a sequence or optional
  std::shared_ptr<const ValueType> element;  // of what a sequence or optional holds; nullptr: unknown
};
// "float32[2, n]", "sequence(int64[...])"
std::string to_string(const ValueType& type);
ValueType tensor_type(DType dtype, std::optional<Dims> dims = std::nullopt);
ValueType sequence_of(ValueType element);
ValueType optional_of(ValueType element);

struct ValueId {
  int32_t index = -1;  // -1: none (an omitted optional input or output)
  bool valid() const { return index >= 0; }
  bool operator==(const ValueId&) const = default;
  auto operator<=>(const ValueId&) const = default;
};
using Values = std::vector<ValueId>;

struct NodeId {
  int32_t index = -1;
  bool valid() const { return index >= 0; }
  bool operator==(const NodeId&) const = default;
};

// One tensor (or sequence, or optional) of the graph.
struct Value {
  std::string name;  // unique in the graph
  DType dtype = DType::undefined;
  std::optional<Dims> dims;  // nullopt: rank unknown
  Tensor data;               // defined for a constant (weight); shared with every copy of the graph
  bool trainable = false;    // a constant that training may change
  std::shared_ptr<const ValueType> element = nullptr;  // ValueType::element

  ValueType type() const { return {dtype, dims, element}; }
  void set_type(const ValueType& type);
};

// One operation. Attributes left out take the card's defaults through the accessors.
struct Node {
  std::string name;              // may be empty
  std::string op_type;           // ONNX's name
  std::string domain;            // "" is ONNX's own; "slipway" holds what exists only inside
  const Operator* op = nullptr;  // nullptr: no card for it; such a graph can be inspected, not run
  Values inputs;                 // trailing omitted inputs are dropped
  Values outputs;
  Attributes attributes;

  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  // Requires (all accessors): the node has the attribute or its card has a default.
  int64_t integer(std::string_view name) const;
  float real(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::vector<int64_t> ints(std::string_view name) const;
  std::vector<float> floats(std::string_view name) const;
  std::vector<std::string> strings(std::string_view name) const;
  const Tensor& tensor(std::string_view name) const;
  std::shared_ptr<const Graph> graph(std::string_view name) const;
  // The node itself sets it (a default does not count).
  bool has(std::string_view name) const { return attributes.find(name) != nullptr; }
  // Whether optional input / output i is there.
  bool has_input(size_t i) const { return i < inputs.size() && inputs[i].valid(); }
  bool has_output(size_t i) const { return i < outputs.size() && outputs[i].valid(); }
};

// `Gemm node "fc1"`, for messages.
std::string describe(const Node& node);

// Copyable value; copies share weights. Thread-safe while const.
class Graph {
 public:
  std::string name = "graph";
  std::map<std::string, std::string> metadata;  // ONNX metadata_props
  std::map<std::string, int64_t> opsets;        // that the file it was read from was written in, by domain
  std::string doc;

  Graph();
  Graph(const Graph&);
  Graph(Graph&&) noexcept;
  Graph& operator=(const Graph&);
  Graph& operator=(Graph&&) noexcept;
  ~Graph();

  ValueId add_value(std::string name, DType dtype = DType::undefined, std::optional<Dims> dims = std::nullopt);
  ValueId add_constant(std::string name, Tensor data);
  ValueId add_input(std::string name, DType dtype, std::optional<Dims> dims);
  // Appends a node whose outputs exist already. Requires: inputs are produced before, or are inputs or constants.
  NodeId add_node(Node node);

  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id.index)]; }
  Value& value(ValueId id) { return values_[static_cast<size_t>(id.index)]; }
  size_t value_count() const { return values_.size(); }
  bool is_constant(ValueId id) const { return id.valid() && value(id).data.defined(); }
  // Invalid when there is none of that name.
  ValueId find(std::string_view name) const;
  // `wish`, or `wish` with a number behind it when that is taken.
  std::string fresh_name(std::string_view wish) const;
  // Requires: no value has that name.
  void rename(ValueId id, std::string name);

  const std::vector<Node>& nodes() const { return nodes_; }
  std::vector<Node>& nodes() { return nodes_; }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id.index)]; }
  Node& node(NodeId id) { return nodes_[static_cast<size_t>(id.index)]; }

  // In the model's own order. Inputs never include constants.
  Values inputs;
  Values outputs;

  // In a subgraph (body of If, Loop, Scan): how many of the last `inputs` are values of the enclosing graph, captured
  // by name in ONNX. The node that holds the subgraph has those values as its own last inputs, in the same order; all
  // subgraphs of one node capture the same. So every dependency of a node is among its inputs.
  int captures = 0;

  // State that a run replaces: after it, constant `state` holds what `next` computed. How training updates weights.
  // `next` == `state` declares state that is only read.
  struct Update {
    ValueId state;
    ValueId next;
  };
  std::vector<Update> updates;

  // The node that produces each value, by value index; an invalid id for inputs and constants.
  std::vector<NodeId> producers() const;
  // How many node inputs, graph outputs and updates read each value, by value index.
  std::vector<int> use_counts() const;
  // Every read of `from` (node inputs, graph outputs, update sources) becomes a read of `to`.
  void replace_uses(ValueId from, ValueId to);
  // Drops nodes whose outputs nobody needs. Values stay (ids are stable).
  void remove_dead_nodes();
  // Puts nodes into an order in which values are produced before use; an error names a cycle's node.
  Status sort();

 private:
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::map<std::string, ValueId, std::less<>> by_name_;
};

// A graph with only the values that something uses, in order of first use; ids change.
Graph compacted(const Graph& graph);

// Everything a broken graph can get wrong: order, ids, attribute types, arity. The error names the node.
Status verify(const Graph& graph);

// What verify() asks of one node against its card: arity and attributes. ok without a card.
Status verify_node(const Node& node);

// One line per node, with types; constants over 8 elements are elided. For people and for golden tests.
std::string to_text(const Graph& graph);

}  // namespace slipway
