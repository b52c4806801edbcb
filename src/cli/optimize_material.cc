// Gathering.
#include "cli/optimize_material.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/feeds.h"
#include "cli/own_data.h"
#include "data/batches.h"
#include "data/front.h"
#include "data/kept_rows.h"
#include "train/evaluation.h"
#include "train/publish.h"

namespace slipway {

namespace {

constexpr int64_t kMostRows = 1024;  // that calibrate
constexpr int64_t kMostProbes = 256;
constexpr int64_t kBatch = 32;
constexpr double kHeldOut = 0.2;  // of runs without labels

// Up to `rows` examples in batches shaped like the model's one input.
Result<Runs> runs_of(const Graph& model, const Dataset& data, int64_t rows) {
  if (model.inputs.size() != 1) {
    return unsupported(
        fmt::format("labelled data is for models of one input; this has {}: give values by their names "
                    "(an .npz file, or NAME=FILE for each)",
                    model.inputs.size()));
  }
  const Value& input = model.value(model.inputs[0]);
  const bool fixed = input.dims && !input.dims->empty() && (*input.dims)[0].known();
  Shape shape{fixed ? (*input.dims)[0].size : std::min(kBatch, data.size())};
  const Shape example = data.example_shape();
  bool fits = input.dims &&
              (input.dims->size() == example.size() + 1 || known_shape({input.dims->begin() + 1, input.dims->end()}));
  for (size_t d = 1; fits && d < input.dims->size(); ++d) {
    shape.push_back((*input.dims)[d].known() ? (*input.dims)[d].size : example[d - 1]);
  }
  if (!fits || (input.dtype != DType::f32 && !is_integer(input.dtype)) ||
      element_count(shape) != shape[0] * data.width()) {
    return invalid(fmt::format("calibration data \"{}\" has examples {}; the model's input \"{}\" is {}{}", data.name,
                               to_string(std::span<const int64_t>(example)), input.name, dtype_name(input.dtype),
                               input.dims ? to_string(*input.dims) : "[...]"));
  }
  if (data.size() < shape[0]) {
    return invalid(fmt::format("calibration data \"{}\" has {} examples; the model takes {} at a time", data.name,
                               data.size(), shape[0]));
  }
  BatchStream batches(data, {.size = shape[0], .shuffle = true, .drop_last = true});
  batches.start(0);
  Runs runs;
  for (int64_t seen = 0; seen < rows; seen += shape[0]) {
    Tensor x(DType::f32, shape);
    Tensor no_labels;
    if (batches.next(x, no_labels) == 0) break;
    runs.push_back({input.dtype == DType::f32 ? std::move(x) : x.cast(input.dtype)});
  }
  return runs;
}

// Images in folders of classes get the size that the model takes.
void fit_images(const Graph& model, ImageOptions& images) {
  if (model.inputs.size() != 1 || !model.value(model.inputs[0]).dims) return;
  const Dims& dims = *model.value(model.inputs[0]).dims;
  const bool planes = dims.size() == 4 && dims[1].known() && dims[2].known() && dims[3].known();
  if (!planes || (dims[1].size != 1 && dims[1].size != 3)) return;
  images.gray = dims[1].size == 1;
  images.height = dims[2].size;
  images.width = dims[3].size;
}

// Evenly chosen runs of about kMostRows rows together.
Runs thinned(const Runs& runs) {
  const int64_t rows = runs[0].empty() || runs[0][0].rank() == 0 ? 1 : std::max<int64_t>(1, runs[0][0].dim(0));
  const size_t most = static_cast<size_t>(std::max<int64_t>(1, kMostRows / rows));
  if (runs.size() <= most) return runs;
  Runs chosen;
  for (size_t i = 0; i < most; ++i) chosen.push_back(runs[i * runs.size() / most]);
  return chosen;
}

// The last runs are for judging by; of a single one there is nothing else.
void hold_out(const Runs& all, OptimizeMaterial& m) {
  Runs runs = thinned(all);
  size_t held = static_cast<size_t>(kHeldOut * static_cast<double>(runs.size()));
  if (runs.size() > 1) held = std::max<size_t>(held, 1);
  m.probes = held == 0 ? runs : Runs(runs.end() - static_cast<std::ptrdiff_t>(held), runs.end());
  m.probes.resize(std::min<size_t>(m.probes.size(), kMostProbes / kBatch));
  runs.resize(runs.size() - held);
  m.samples = std::move(runs);
}

// Data that teaches another preparation than the model has would train it on what it never gets.
Status check_preparation(const Graph& model, const Dataset& data) {
  const std::shared_ptr<const Front> front = TRY(Front::create(model));
  if (front == nullptr || data.kept == nullptr || data.inputs.dtype() != DType::f32) return {};
  const std::vector<Tensor> made = TRY(front->tensors(data.kept->raw));
  const Tensor learned = rows_at(data.inputs, data.kept->examples);
  const std::span<const float> x = made[0].data<float>(), y = learned.data<float>();
  const bool same = made.size() == 1 && x.size() == y.size() && std::ranges::equal(x, y, [](float a, float b) {
                      return std::abs(a - b) <= 1e-4f * (1 + std::abs(b));
                    });
  if (same) return {};
  return failed_precondition(
      fmt::format("{}: it teaches other categories, fill-ins or scaling than those that the model carries; give the "
                  "data that the model was trained with, or train a new model on this",
                  data.name));
}

Status take_labelled(const Graph& model, const DataSource& source, OptimizeMaterial& m) {
  DataPair data = TRY(load_dataset(source));
  RETURN_IF_ERROR(check_preparation(model, data.train));
  m.source = data.source;
  m.samples = TRY(runs_of(model, data.train, kMostRows));
  m.probes = data.test.size() > 0 ? TRY(runs_of(model, data.test, kMostProbes)) : m.samples;
  m.data = std::move(data);
  return {};
}

// The columns that say what is right; empty where the model does not know them.
std::vector<std::string> targets_of(const Graph& model) {
  const Result<std::optional<Preparation>> preparation = preparation_of(model);
  return preparation.ok() && *preparation ? (*preparation)->targets : std::vector<std::string>();
}

// Raw data as the model itself prepares it, however it would teach to prepare it.
Status take_own(const Graph& model, PreparedData prepared, OptimizeMaterial& m) {
  m.source = prepared.data.name + " (prepared as the model says)";
  if (!prepared.has_labels) {
    const std::string missing = fmt::format("{}", fmt::join(targets_of(model), ", "));
    m.source += missing.empty()
                    ? ", without labels"
                    : fmt::format(", without labels: it has no column \"{}\" that says what is right", missing);
  }
  const bool all = prepared.data.size() < 2 * kBatch;  // few rows calibrate and judge
  Dataset rest = prepared.data, held_out = prepared.data;
  if (!all) {
    Split parts = TRY(split(prepared.data, kHeldOut, 1));
    rest = std::move(parts.rest);
    held_out = std::move(parts.held_out);
  }
  m.samples = TRY(runs_of(model, rest, kMostRows));
  m.probes = TRY(runs_of(model, held_out, kMostProbes));
  if (!prepared.has_labels) return {};
  m.data.emplace();
  m.data->source = m.source;
  m.data->train = std::move(rest);
  m.data->test = std::move(prepared.data);  // nothing of it was learned
  return {};
}

Loss loss_of(const OptimizeMaterial& m) {
  if (m.recipe) return m.recipe->trainer.training.loss;
  const bool classes = m.data->test.labels.dtype() == DType::i64;
  return classes ? "sparse_categorical_crossentropy" : "mean_squared_error";
}

}  // namespace

Result<OptimizeMaterial> optimize_material(const Graph& model, const std::filesystem::path& recipe,
                                           const std::filesystem::path& data, const std::vector<std::string>& words) {
  OptimizeMaterial m;
  DataSource source;
  if (!recipe.empty()) {
    m.recipe = TRY(train::read_recipe(recipe));
    if (!data.empty()) m.recipe->data.path = data;
    source = m.recipe->data;
  }
  std::optional<PreparedData> own;
  std::optional<Feeds> feeds;
  if (!words.empty() && !m.recipe) own = TRY(own_data(model, words));
  if (!words.empty() && !own) feeds = TRY(read_feeds(model, words));
  if (own) {
    RETURN_IF_ERROR(take_own(model, *std::move(own), m));
  } else if (feeds) {
    // Training needs the recipe's labelled data all the same.
    if (m.recipe) RETURN_IF_ERROR(take_labelled(model, source, m));
    m.source = feeds->source;
    hold_out(feeds->runs, m);
  } else if (m.recipe || !words.empty()) {
    if (!words.empty()) source.path = words[0];
    if (recipe.empty()) fit_images(model, source.images);
    const Status taken = take_labelled(model, source, m);
    if (!taken.ok()) return m.recipe && words.empty() ? at_data_line(*m.recipe, taken) : taken;
  } else if (std::optional<Feeds> random = random_feeds(model)) {
    m.probes = std::move(random->runs);
    m.made_up = true;
  }
  return m;
}

Evaluate evaluation_by(const OptimizeMaterial& m) {
  if (!m.data || m.data->test.size() == 0) return {};
  return [&m](const Graph& graph) -> Result<Score> {
    const Loss loss = loss_of(m);
    const bool classes = train::classifies(loss);
    const std::vector<std::string> metrics = classes ? std::vector<std::string>{} : std::vector<std::string>{"rmse"};
    const train::Evaluation e = TRY(train::evaluate_model(graph, loss, m.data->test, 0, metrics));
    if (e.accuracy) return Score{"accuracy", *e.accuracy, true};
    if (!e.metrics["rmse"].is_null()) return Score{"rmse", e.metrics["rmse"].as_double(), false};
    return Score{"loss", e.loss, false};
  };
}

}  // namespace slipway
