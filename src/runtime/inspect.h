// What a model is made of and what a run of it costs, from the graph alone.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "graph/graph.h"
#include "graph/port.h"

namespace slipway {

struct NodeCost {
  std::string name;
  std::string op_type;       // with its domain: "slipway.Adam"
  std::string output;        // type of the first output: "float32[8, 10]"
  int64_t parameters = 0;    // elements of float and 8-bit constants that no earlier node reads
  int64_t weight_bytes = 0;  // of all constants that no earlier node reads
  int64_t macs = 0;          // -1: unknown
  int64_t output_bytes = 0;  // of all outputs; -1: unknown
  bool supported = true;     // there is a card
};

struct Inspection {
  std::string name;
  std::vector<Port> inputs;  // as the model declares them
  std::vector<Port> outputs;
  std::map<std::string, int64_t> symbols;  // the sizes that unknown dimensions were given, by name
  std::map<std::string, int> operators;    // how often each occurs, in subgraphs too
  std::map<std::string, int> unsupported;  // those of them without a card
  std::vector<NodeCost> nodes;             // of the main graph, in order
  int64_t parameters = 0;
  int64_t weight_bytes = 0;
  int64_t macs = 0;                   // of the nodes where it is known
  int64_t peak_activation_bytes = 0;  // the most that inputs, outputs and intermediates take at once, none shared
  std::string peak_node;              // while this node runs
  int unknown_shapes = 0;             // values whose shape could not be inferred; they count 0 bytes
};

// invalid_argument: a name that no dimension of an input has (the message lists those there are), or a size below 0.
Status check_bindings(const Graph& graph, const std::map<std::string, int64_t>& bindings);

// Gives every unknown dimension a size (`bindings` by its name, or 1), infers all types and folds shape arithmetic.
// invalid_argument: a binding that the model has no dimension for, or types that contradict each other.
Result<Graph> bound(const Graph& graph, const std::map<std::string, int64_t>& bindings);

// Costs at the shapes of `bindings`.
Result<Inspection> inspect(const Graph& graph, const std::map<std::string, int64_t>& bindings = {});

Json to_json(const Inspection& inspection);

}  // namespace slipway
