// From a model to the graph of one training step: forward, loss, backward and optimizer in one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tensor/tensor.h"
#include "train/losses.h"
#include "train/optimizers.h"

namespace slipway::train {

// What matrix products and convolutions of a step compute in. bf16: their operands are rounded to bfloat16, sums,
// weights and everything else stay float32.
enum class Precision : uint8_t { f32, bf16 };

struct TrainingSpec {
  Loss loss;
  Optimizer optimizer;
  bool sample_weights = false;  // an input says what each example counts
  Precision precision = Precision::f32;
  uint64_t seed = 0;                    // of dropout
  std::vector<std::string> freeze;      // weights whose name matches one of these globs stay as they are
  std::vector<std::string> spared;      // weights that no glob freezes, whatever it says: those of new layers
  std::map<std::string, Tensor> masks;  // weight name -> float32 mask of 0 and 1, held while training
};

// Inputs: the model's, "labels", "sample_weight" where asked for, "learning_rate" (float32 scalar), "step" (int64
// scalar, batches from 1) and, where gradients are accumulated, "update" (int64 scalar, from 1), "batches" (float32
// scalar) and "apply" (bool scalar).
// Outputs: loss (mean over the batch), and correct (predictions that are right) for classification losses.
// Updates: every trained weight under its own name, running statistics, the optimizer's slots and averages.
// Weights are the model's `trainable` constants or, when it has none (an imported file), the floating-point constants
// that its weighted operators and normalizations read.
// failed_precondition where the processor lacks what the precision needs.
Result<Graph> make_training_graph(const Graph& model, const TrainingSpec& spec);

// The model's own forward pass with the same loss, all examples and classes counting alike: inputs the model's and
// "labels", outputs loss, correct, then the model's outputs. Weights are state, so that they can be set from a training
// session.
Result<Graph> make_evaluation_graph(const Graph& model, const Loss& loss);

// The constants of `model` that training would change, by name.
std::vector<std::string> trained_weights(const Graph& model, const std::vector<std::string>& freeze);

}  // namespace slipway::train
