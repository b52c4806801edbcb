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
#include "optimize/pass.h"

namespace slipway {

// Trains a pruned model on while the masked weights stay zero, and returns it. Given by whoever has a trainer.
using FineTune = std::function<Result<Graph>(const Graph& pruned, const Masks& masks)>;
// The accuracy of a model on held-out data, in [0, 1].
using Evaluate = std::function<Result<double>(const Graph& model)>;

struct OptimizeOptions {
  double prune = 0;      // fraction; 0: do not
  std::string quantize;  // "", "dynamic" or "static"
  PassOptions pass;      // of the passes; `fraction` is taken from `prune`
  FineTune fine_tune;    // may be empty
  Evaluate evaluate;     // may be empty
  int64_t latency_runs = 200;
};

// A model at one step.
struct Measurement {
  std::string step;                // "original", "pruned", "fine-tuned", "quantized (static)"
  std::optional<double> accuracy;  // without Evaluate: unknown
  int64_t bytes = 0;               // of all constants
  int64_t zero_weights = 0;        // among the weights of layers
  int64_t weights = 0;
  double latency_us = 0;  // median of one run at batch 1, one thread
};

struct OptimizeReport {
  std::vector<Measurement> steps;    // in order, the original first
  std::vector<std::string> skipped;  // nodes left as they were, each with the reason
};
Json to_json(const OptimizeReport& report);

struct Optimized {
  Graph graph;
  OptimizeReport report;
};

// Runs the steps that the options ask for. invalid_argument for an unknown kind of quantization, a model that is
// quantized already, or static quantization without samples.
Result<Optimized> optimize_model(const Graph& model, const OptimizeOptions& options, const Clock& clock);

// Bytes of the constants that nodes or outputs of `graph` read.
int64_t constant_bytes(const Graph& graph);

}  // namespace slipway
