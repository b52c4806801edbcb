// From a model to the graph of one training step: forward, loss, backward and optimizer in one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tensor/tensor.h"
#include "train/losses.h"

namespace slipway::train {

// Names and defaults are Keras's.
struct OptimizerSpec {
  std::string type = "adam";  // "sgd", "adam", "adamw"
  double learning_rate = 0.001;
  double momentum = 0;      // sgd
  bool nesterov = false;    // sgd
  double beta_1 = 0.9;      // adam, adamw
  double beta_2 = 0.999;    // adam, adamw
  double epsilon = 1e-7;    // adam, adamw
  double weight_decay = 0;  // adamw: decoupled; sgd: L2
};

// An error for an unknown type or a parameter out of range.
Status check(const OptimizerSpec& optimizer);

struct TrainingSpec {
  Loss loss = Loss::sparse_categorical_crossentropy;
  OptimizerSpec optimizer;
  uint64_t seed = 0;                    // of dropout
  std::vector<std::string> freeze;      // weights whose name matches one of these globs stay as they are
  std::map<std::string, Tensor> masks;  // weight name -> float32 mask of 0 and 1, held while training
};

// Inputs: the model's, "labels", "learning_rate" (float32 scalar), "step" (int64 scalar, from 1).
// Outputs: loss (mean over the batch), and correct (rows predicted right) for classification losses.
// Updates: every trained weight under its own name, running statistics, and the optimizer's slots.
// Weights are the model's `trainable` constants or, when it has none (an imported file), the floating-point constants
// that its weighted operators and normalizations read.
Result<Graph> make_training_graph(const Graph& model, const TrainingSpec& spec);

// The model's own forward pass with the same loss: inputs the model's and "labels", outputs loss, correct, then the
// model's outputs. Weights are state, so that they can be set from a training session.
Result<Graph> make_evaluation_graph(const Graph& model, Loss loss);

// The constants of `model` that training would change, by name.
std::vector<std::string> trained_weights(const Graph& model, const std::vector<std::string>& freeze);

}  // namespace slipway::train
