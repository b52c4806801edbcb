// From a trained model to a version in the store: files, signature, metrics, lineage, baseline.
#pragma once

#include <optional>
#include <string>

#include "data/dataset.h"
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
  // Whose answers make the baseline: the model this one was converted from; nullptr: the model itself.
  const Graph* reference = nullptr;
};

// Gives the model what its data taught: the preparation, with the names of classes and features.
Status describe_data(const Dataset& data, Graph& model);

// The baseline of a model on the data it was trained with: its inputs' and its answers' distributions.
Result<Baseline> make_baseline(const Graph& model, const Dataset& data, int64_t most_rows = 20000);

// Publishes `model` with the baseline made from `data` (nullptr: without one); returns the version. What the model
// carries (preparation, classes) it keeps; one without takes those of the data.
Result<int64_t> publish(Store& store, const std::string& name, const Graph& model, const Dataset* data,
                        const PublishNotes& notes, bool promote = true);

}  // namespace slipway::train
