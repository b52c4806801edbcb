// One node on given tensors, right now: how constants are folded and how cards are tested.
#pragma once

#include <span>
#include <vector>

#include "graph/operator.h"

namespace slipway::ops {

// The types of `node`'s outputs for inputs of these contents. An omitted input is an undefined tensor.
// failed_precondition when an output's size depends on something inference cannot see.
Result<std::vector<TensorType>> infer_output_types(const Node& node, std::span<const Tensor> inputs);
// The same for inputs of these types, with their contents where known, else nullptr.
Result<std::vector<TensorType>> infer_output_types(const Node& node, std::span<const TensorType> inputs,
                                                   std::span<const Tensor* const> known);

// Runs the node's CPU kernel; outputs are new tensors (views share the input). unimplemented without a kernel.
Result<std::vector<Tensor>> evaluate(const Node& node, std::span<const Tensor> inputs, int threads = 1);

}  // namespace slipway::ops
