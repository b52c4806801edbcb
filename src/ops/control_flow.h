// What the cards of operators with subgraphs (If, Loop, Scan, SequenceMap) share: typing a body, checking its form.
#pragma once

#include <memory>
#include <vector>

#include "graph/operator.h"

namespace slipway::ops {

// How many inputs the node has without those that its subgraphs capture.
size_t formal_inputs(const Node& node);

// What is known of input i: nothing when it is omitted.
ValueType input_type(InferContext& c, size_t i);

// What a value is that may come from either: what both agree on; an unknown dtype gives way to the other's.
// invalid_argument when the dtypes contradict each other.
Result<ValueType> merged(const ValueType& a, const ValueType& b);

// The same in everything that is known.
bool same_type(const ValueType& a, const ValueType& b);

// Subgraph `name` with types inferred, when its own inputs are of the types `formal` (a type without dtype leaves what
// the body declares) and what it captures is as the node's last inputs. Requires: verify() accepted the node.
Result<std::shared_ptr<const Graph>> inferred_body(InferContext& c, const char* name,
                                                   const std::vector<ValueType>& formal);

ValueType output_type(const Graph& body, size_t i);

// An error unless subgraph `name` has `inputs` inputs of its own and at least `outputs` outputs.
Status check_body(const Node& node, const char* name, size_t inputs, size_t outputs);

// `type` with one more dimension in front of `axis` (counted from the end of the new shape when negative).
// invalid_argument when the rank is known and has no such axis, or when it is no tensor.
Result<ValueType> stacked(const ValueType& type, int64_t axis, Dim size);
// The reverse: without dimension `axis`.
Result<ValueType> sliced(const ValueType& type, int64_t axis);

}  // namespace slipway::ops
