// Training outcome: how a run ended, for people and for machines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "train/fit.h"

namespace slipway {

// How a run ended.
struct TrainingOutcome {
  train::FitResult fit;
  std::optional<train::Evaluation> test;
  std::vector<std::string> hints;
  int64_t version = 0;               // in the store; 0: none
  std::string stays;                 // why another version stays in production; empty: none does
  std::string folder;                // where the run is kept; empty: nowhere
  std::vector<std::string> written;  // what was made, a line each
};

// "seed 1, threads 2, slipway 0.1.0".
std::string statement_text(const train::TrainerOptions& options);

// {"result": {"data": …, "epochs": …, "test_accuracy": …}}.
Json summary_json(const TrainingOutcome& outcome, const DataPair& data, const train::TrainerOptions& options);

// What is measured of the model that a run ends with, by the names that its epochs and its test have: "val_loss",
// "test_accuracy"; without validation and test the training's loss.
Json measured(const TrainingOutcome& outcome);

// Which epoch's weights the model has, and why. A line that ends in '\n', or two.
std::string kept_text(const train::FitResult& fit);

// On stdout.
void print_report(const TrainingOutcome& outcome, const DataPair& data);

}  // namespace slipway
