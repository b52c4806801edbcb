// Evaluation: loss and metrics of a model on labelled data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "runtime/session.h"
#include "train/answers.h"
#include "train/losses.h"

namespace slipway::train {

struct Evaluation {
  int64_t examples = 0;
  double loss = 0;
  std::optional<double> accuracy;  // of classification losses: the share of predictions that are right
  Json metrics = Json::object();   // by name, in the order asked for; not measured while training
  Answers answers;                 // not watched while training, nor of models of windows; no part of to_json
};

// {"loss": …, "accuracy": …, "auc": …}, every key behind `prefix`.
Json to_json(const Evaluation& evaluation, const std::string& prefix = "");

// Means over the examples seen. `predictions`: how many each example has.
class Running {
 public:
  explicit Running(double predictions = 1) : predictions_(predictions) {}
  // outputs: loss, and correct where the loss tells it.
  void add(const std::vector<Tensor>& outputs, int64_t rows, bool classifies);
  Evaluation result() const;

  // The sums so far, for a checkpoint within an epoch.
  Json sums() const;
  void set_sums(const Json& sums);

 private:
  double predictions_;
  int64_t examples_ = 0;
  double loss_ = 0;
  double correct_ = 0;
  bool classifies_ = false;
};

// A float32 or label tensor for `rows` examples.
Tensor batch_tensor(DType dtype, const Shape& example, int64_t rows);

// The label of one example as an evaluation session's "labels" input wants it (the model's output decides: [1] or []);
// an error when the data's labels do not fit, or a class index has no output.
Result<Shape> label_shape(const Session& session, const Loss& loss, const Dataset& data);

// Runs an evaluation graph over the data. `model`: the graph it was made from.
Result<Evaluation> evaluate_session(Session& session, const Graph& model, const Loss& loss, const Dataset& data,
                                    const std::vector<std::string>& metrics);

// Loss, accuracy and `metrics` of a model, as it is used in production (no dropout, examples count alike).
Result<Evaluation> evaluate_model(const Graph& model, const Loss& loss, const Dataset& data, int threads = 0,
                                  const std::vector<std::string>& metrics = {});

}  // namespace slipway::train
