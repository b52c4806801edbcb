// The threshold as a model with one weight, trained by the engine that trains every other model.
#include "train/threshold.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/random.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "train/trainer.h"

namespace slipway::train {

namespace {

// z [batch, 1] -> sigmoid(sharpness (z - k)) [batch, 1]
Graph threshold_model(double initial, double sharpness) {
  Graph graph;
  graph.name = "threshold";
  ValueId z = graph.add_input("z", DType::f32, Dims{Dim::named("batch"), 1});
  ValueId k = graph.add_constant("k", Tensor::of<float>({1}, {static_cast<float>(initial)}));
  graph.value(k).trainable = true;
  Builder b(graph, all_operators());
  graph.outputs = {b.op("Sigmoid", {b.mul(b.sub(z, k), b.scalar(static_cast<float>(sharpness)))})};
  return graph;
}

// Both classes equally often: the rarer one is drawn again until it is.
Dataset balanced(std::span<const double> z, std::span<const int> labels, uint64_t seed) {
  std::vector<size_t> members[2];
  for (size_t i = 0; i < z.size(); ++i) members[labels[i] != 0 ? 1 : 0].push_back(i);
  size_t each = std::max(members[0].size(), members[1].size());
  Dataset data;
  data.name = "deviations";
  data.inputs = Tensor(DType::f32, {static_cast<int64_t>(2 * each), 1});
  data.labels = Tensor(DType::f32, {static_cast<int64_t>(2 * each), 1});
  Random random(seed);
  size_t at = 0;
  for (int label : {0, 1}) {
    const std::vector<size_t>& from = members[label];
    for (size_t i = 0; i < each; ++i, ++at) {
      size_t pick = i < from.size() ? from[i] : from[random.below(from.size())];
      data.inputs.mutable_data<float>()[at] = static_cast<float>(std::min(z[pick], 1e6));
      data.labels.mutable_data<float>()[at] = static_cast<float>(label);
    }
  }
  return data;
}

}  // namespace

double f1_score(std::span<const double> z, std::span<const int> labels, double k) {
  double hits = 0, false_alarms = 0, missed = 0;
  for (size_t i = 0; i < z.size(); ++i) {
    bool alarm = z[i] > k;
    hits += alarm && labels[i] != 0;
    false_alarms += alarm && labels[i] == 0;
    missed += !alarm && labels[i] != 0;
  }
  return hits == 0 ? 0 : 2 * hits / (2 * hits + false_alarms + missed);
}

Result<ThresholdFit> learn_threshold(std::span<const double> z, std::span<const int> labels,
                                     const ThresholdOptions& options) {
  if (z.size() != labels.size()) {
    return invalid(fmt::format("{} deviations and {} labels; expected as many of both", z.size(), labels.size()));
  }
  auto anomalies = std::count_if(labels.begin(), labels.end(), [](int label) { return label != 0; });
  if (anomalies == 0 || static_cast<size_t>(anomalies) == labels.size()) {
    return invalid(
        fmt::format("{} of {} values are labelled anomalous; expected some of both kinds", anomalies, labels.size()));
  }
  TrainerOptions training;
  training.training.loss = "binary_crossentropy";
  training.training.optimizer = {.type = "adam", .learning_rate = 0.05};
  training.schedule = {.type = "linear"};
  training.epochs = options.epochs;
  training.batch_size = 256;
  training.seed = options.seed;
  auto trainer = TRY(Trainer::create(threshold_model(options.initial, options.sharpness),
                                     balanced(z, labels, options.seed), std::nullopt, training));
  ThresholdFit fit;
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    EpochResult result = TRY(trainer->run_epoch());
    fit.loss = result.train.loss;
    fit.steps += result.steps;
  }
  Graph trained = TRY(trainer->model());
  fit.k = static_cast<double>(trained.value(trained.find("k")).data.data<float>()[0]);
  fit.f1 = f1_score(z, labels, fit.k);
  return fit;
}

}  // namespace slipway::train
