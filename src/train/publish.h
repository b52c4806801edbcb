// From a trained model to a version in the store: files, signature, metrics, lineage, baseline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "formats/holdout.h"
#include "graph/graph.h"
#include "sketch/baseline.h"
#include "store/store.h"

namespace slipway::train {

// What is said of a model when it is published.
struct PublishNotes {
  Json metrics = Json::object();
  std::string recipe;
  std::string made_by;
  std::string note;
  int64_t parent = 0;  // 0: the version in production, when there is one
  // Labelled examples that the model has not learned from: some of them go with the version. nullptr: of `data`.
  const Dataset* held_out = nullptr;
  // Where there is no data set: values for the model's inputs, one entry per run, without labels. They say what inputs
  // look like, and what answers do as far as the version in production tells. nullptr: none.
  const std::vector<std::vector<Tensor>>* inputs = nullptr;
};

// Gives the model what its data taught: the preparation, with the names of classes and features.
Status describe_data(const Dataset& data, Graph& model);

// The baseline of a model on the data it was trained with: the distributions of its inputs, and of the right answers as
// far as the data's labels tell (sketch/baseline_builder.h).
Result<Baseline> make_baseline(const Graph& model, const Dataset& data, int64_t most_rows = 20000);
// The same by values for the model's inputs without labels: the answers are the model's. unimplemented where its first
// input or output is not float32 [rows, ...].
Result<Baseline> make_baseline(const Graph& model, const std::vector<std::vector<Tensor>>& runs);

// At most 2000 examples, and 16 MiB, evenly chosen, as the model takes them, and raw where the
// data keeps them so. failed_precondition where there are fewer
// than 50, they have no labels of their own (windows of a sequence), or these are not what the model answers.
Result<Holdout> make_holdout(const Graph& model, const Dataset& data);

// Publishes `model` with a baseline and a holdout made from `data` (nullptr: without them); returns the version. Where
// the labels do not tell what answers should look like, the answers of the version in production do. What the model
// carries (preparation, classes) it keeps; one without takes those of the data.
Result<int64_t> publish(Store& store, const std::string& name, const Graph& model, const Dataset* data,
                        const PublishNotes& notes, bool promote = true);

}  // namespace slipway::train
