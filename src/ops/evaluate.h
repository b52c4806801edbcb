// One node on given tensors, right now: how constants are folded and how cards are tested.
#pragma once

#include <memory>
#include <mutex>
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

// The same node again and again: a kernel that follows from types and constants alone is prepared once for types that
// come again. Thread-safe.
class Evaluator {
 public:
  // `constants`: the contents of each input that never change, nullptr for others. Requires: they and the node outlive
  // this.
  Evaluator(const Node& node, std::vector<const Tensor*> constants, int threads)
      : node_(node), constants_(std::move(constants)), threads_(threads) {}

  // As evaluate() has it.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);

  struct Prepared;  // a kernel for some types; none where it takes the contents of computed inputs

 private:
  std::shared_ptr<const Prepared> prepared_for(std::span<const Tensor> inputs);

  const Node& node_;
  const std::vector<const Tensor*> constants_;
  const int threads_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const Prepared>> prepared_;  // what was used last stands first
};

}  // namespace slipway::ops
