// Optimizing a trained model: prune, fine-tune, quantize, and what each step did to accuracy, bytes and latency.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/status.h"
#include "graph/graph.h"
#include "optimize/latency.h"
#include "optimize/likeness.h"
#include "optimize/pass.h"

namespace slipway {

// Trains a pruned model on while the masked weights stay zero, and returns it. Given by whoever has a trainer.
using FineTune = std::function<Result<Graph>(const Graph& pruned, const Masks& masks)>;
// How good a model is on labelled, held-out data.
struct Score {
  std::string name;  // "accuracy", "rmse"
  double value = 0;
  bool greater_is_better = true;
};
using Evaluate = std::function<Result<Score>(const Graph& model)>;

struct OptimizeOptions {
  double prune = 0;      // fraction; 0: do not
  std::string quantize;  // "", "dynamic" or "static"
  PassOptions pass;      // of the passes; `fraction` is taken from `prune`
  FineTune fine_tune;    // may be empty
  Evaluate evaluate;     // may be empty
  // Inputs on which answers are held against the original's; without any, they are not. `made_up`: not real data.
  Runs probes;
  bool made_up = false;
  int64_t latency_runs = 200;
};

// A model at one step.
struct Measurement {
  std::string step;                  // "original", "pruned", "fine-tuned", "quantized (static)"
  std::optional<Score> score;        // without Evaluate: unknown
  std::optional<Likeness> likeness;  // to the original; without probes, and of the original itself: none
  int64_t bytes = 0;                 // of all constants
  int64_t zero_weights = 0;          // among the weights of layers
  int64_t weights = 0;
  double latency_us = 0;  // median of one run at batch 1, one thread
};

struct OptimizeReport {
  std::vector<Measurement> steps;    // in order, the original first
  std::vector<std::string> skipped;  // nodes left as they were, each with the reason
  std::vector<std::string> notes;    // what else was decided, and why
  PairedLatency latency;             // of the original and the last step, run by turns
  bool made_up = false;              // likeness is that on made-up inputs
};
Json to_json(const OptimizeReport& report);

struct Optimized {
  Graph graph;
  OptimizeReport report;
};

// Runs the steps that the options ask for. Dynamic quantization of a model whose answers look back only (as probes
// tell) keeps them so. invalid_argument for an unknown kind of quantization, a model that is quantized already, or
// static quantization without samples; failed_precondition where a step finds nothing to do. optimize/verdict.h judges.
Result<Optimized> optimize_model(const Graph& model, const OptimizeOptions& options, const Clock& clock);

// Bytes of the constants that nodes or outputs of `graph` read.
int64_t constant_bytes(const Graph& graph);

}  // namespace slipway
