// What `slipway optimize` calibrates, trains and judges by: labelled data, or values for the model's inputs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/source.h"
#include "graph/graph.h"
#include "optimize/optimize.h"
#include "train/recipe.h"

namespace slipway {

struct OptimizeMaterial {
  std::optional<train::Recipe> recipe;
  std::optional<DataPair> data;  // labelled, to train on and to judge by
  Runs samples;                  // to calibrate with
  Runs probes;           // to hold answers against each other: rows that are not among the samples, where enough
  bool made_up = false;  // the probes are random, and there are no samples
  std::string source;    // for people; empty: none
};

// Reads the recipe (empty: none), with its data at `data` (empty: where it says), and `words` (cli/feeds.h, else
// data/source.h; empty: the recipe's data). Raw data becomes what the model takes as the model itself says, where it
// says so (cli/own_data.h). Without anything, probes are random.
Result<OptimizeMaterial> optimize_material(const Graph& model, const std::filesystem::path& recipe,
                                           const std::filesystem::path& data, const std::vector<std::string>& words);

// The score of a model on the labelled test data: accuracy where the labels are classes, else the root mean squared
// error. Empty where there is no such data. Holds on to `material`.
Evaluate evaluation_by(const OptimizeMaterial& material);

}  // namespace slipway
