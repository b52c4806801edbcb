// slipway optimize: prune, fine-tune and quantize a trained model, and report what each step did.
#include "optimize/optimize.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "data/batches.h"
#include "data/source.h"
#include "formats/format.h"
#include "predict/prepared_data.h"
#include "train/fine_tune.h"
#include "train/recipe.h"

namespace slipway {
namespace {

constexpr int64_t kCalibrationExamples = 1024;
constexpr int64_t kCalibrationBatch = 32;

struct Options {
  std::filesystem::path in;
  std::filesystem::path out;
  double prune = 0;
  bool global = false;
  std::filesystem::path recipe;
  std::filesystem::path calibrate;
  std::string quantize;
  std::string method = "minmax";
  bool json = false;
};

// What fine-tuning, calibration and evaluation use; none of it without a recipe or data.
struct Material {
  std::optional<train::Recipe> recipe;
  std::optional<DataPair> data;  // to train on and to judge by
  bool labels = true;            // the data has them
};

// The data as the model itself prepares it, however that data would teach to prepare it.
Result<Material> own_material(const Options& options, const Graph& model) {
  Material m;
  Predictor predictor = TRY(Predictor::create(model));
  PreparedData prepared = TRY(prepared_data(predictor, options.calibrate));
  m.labels = prepared.has_labels;
  m.data.emplace();
  m.data->source = fmt::format("{} (prepared as the model says)", options.calibrate.string());
  m.data->train = prepared.data;
  m.data->test = std::move(prepared.data);
  return m;
}

Result<Material> material(const Options& options, const Graph& model) {
  std::optional<Preparation> preparation = TRY(preparation_of(model));
  const bool own = preparation && !preparation->front.outputs.empty();
  if (own && options.recipe.empty() && !options.calibrate.empty()) return own_material(options, model);
  Material m;
  DataSource source;
  if (!options.recipe.empty()) {
    m.recipe = TRY(train::read_recipe(options.recipe));
    source = m.recipe->data;
  }
  if (!options.calibrate.empty()) source.path = options.calibrate;
  if (!options.recipe.empty() || !options.calibrate.empty()) m.data = TRY(load_dataset(source));
  return m;
}

// The first examples in batches shaped like the model's one input.
Result<std::vector<std::vector<Tensor>>> calibration_samples(const Graph& model, const Dataset& data) {
  if (model.inputs.size() != 1) {
    return unsupported(fmt::format("calibration feeds one input; the model has {}", model.inputs.size()));
  }
  const Value& input = model.value(model.inputs[0]);
  Shape shape{kCalibrationBatch};
  if (input.dims && !input.dims->empty() && (*input.dims)[0].known()) shape[0] = (*input.dims)[0].size;
  for (size_t d = 1; input.dims && d < input.dims->size(); ++d) {
    shape.push_back((*input.dims)[d].known() ? (*input.dims)[d].size : data.example_shape()[d - 1]);
  }
  if (input.dtype != DType::f32 || element_count(shape) != shape[0] * data.width()) {
    return invalid(fmt::format("calibration data \"{}\" has examples {}; the model's input \"{}\" is {}{}", data.name,
                               to_string(data.example_shape()), input.name, dtype_name(input.dtype),
                               input.dims ? to_string(*input.dims) : "[...]"));
  }
  BatchStream batches(data, {.size = shape[0], .shuffle = true, .drop_last = true});
  batches.start(0);
  std::vector<std::vector<Tensor>> samples;
  for (int64_t seen = 0; seen < kCalibrationExamples; seen += shape[0]) {
    Tensor x(DType::f32, shape);
    Tensor no_labels;
    if (batches.next(x, no_labels) == 0) break;
    samples.push_back({std::move(x)});
  }
  return samples;
}

Loss loss_of(const Material& m) {
  if (m.recipe) return m.recipe->trainer.training.loss;
  bool classes = m.data->test.labels.dtype() == DType::i64;
  return classes ? "sparse_categorical_crossentropy" : "mean_squared_error";
}

Result<OptimizeOptions> plan(const Options& options, const Material& m, const Graph& model) {
  OptimizeOptions result;
  result.prune = options.prune;
  result.quantize = options.quantize;
  result.pass.global = options.global;
  result.pass.calibrate.method = TRY(calibration_method(options.method));
  if (m.recipe) {
    result.fine_tune = [&m](const Graph& pruned, const Masks& masks) {
      return train::fine_tune(pruned, masks, m.data->train, m.recipe->trainer);
    };
  }
  if (m.data && m.labels && train::label_dtype(loss_of(m)) == DType::i64) {
    result.evaluate = [&m](const Graph& graph) -> Result<double> {
      train::Evaluation evaluation = TRY(train::evaluate_model(graph, loss_of(m), m.data->test));
      return evaluation.accuracy.value_or(0);
    };
  }
  if (options.quantize == "static") {
    if (!m.data)
      return invalid("--quantize static needs data to calibrate with: give --calibrate DATA or --finetune RECIPE");
    result.pass.samples = TRY(calibration_samples(model, m.data->train));
  }
  return result;
}

void print(const OptimizeReport& report) {
  Table table({"step", "accuracy", "constants", "of original", "zero weights", "latency"});
  for (const Measurement& m : report.steps) {
    double share = static_cast<double>(m.bytes) / static_cast<double>(std::max<int64_t>(1, report.steps[0].bytes));
    double zeros = static_cast<double>(m.zero_weights) / static_cast<double>(std::max<int64_t>(1, m.weights));
    table.add({m.step, m.accuracy ? human_percent(*m.accuracy) : "-", human_bytes(m.bytes), human_percent(share, 1),
               human_percent(zeros, 1), human_duration(static_cast<int64_t>(m.latency_us * 1000))});
  }
  fmt::print("{}", table.text());
  for (const std::string& node : report.skipped) fmt::print("left as it was: {}\n", node);
}

int64_t file_bytes(const std::filesystem::path& path) {
  std::error_code error;
  auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

Status run(const Options& options) {
  if (options.prune == 0 && options.quantize.empty()) {
    return invalid("nothing to do: give --prune FRACTION or --quantize dynamic|static, or both");
  }
  RETURN_IF_ERROR(check_model_path(options.out));
  Graph model = TRY(read_model(options.in));
  Material m = TRY(material(options, model));
  OptimizeOptions steps = TRY(plan(options, m, model));
  Result<Optimized> optimized = optimize_model(model, steps, SystemClock());
  if (!optimized.ok()) return optimized.status().at(options.in.string());
  RETURN_IF_ERROR(write_model(optimized->graph, options.out));
  if (options.json) {
    Json json = to_json(optimized->report);
    json.set("in_bytes", file_bytes(options.in)).set("out_bytes", file_bytes(options.out));
    if (m.data) json.set("data", m.data->source);
    fmt::print("{}\n", json.dump(2));
    return {};
  }
  if (m.data) fmt::print("Data: {}\n", m.data->source);
  print(optimized->report);
  fmt::print("Wrote {} ({}, from {})\n", options.out.string(), human_bytes(file_bytes(options.out)),
             human_bytes(file_bytes(options.in)));
  return {};
}

std::function<Status()> declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("IN", options->in, "Trained model")->required();
  app.add_option("OUT", options->out, "Where the optimized model goes (ONNX)")->required();
  app.add_option("--prune", options->prune, "Share of each layer's weights to set to zero, such as 0.5")
      ->default_str("");
  app.add_flag("--global", options->global, "Prune that share of all weights, whatever their layer");
  app.add_option("--finetune", options->recipe, "Recipe (TOML) to train the pruned model on by, zeros held")
      ->type_name("RECIPE");
  app.add_option("--quantize", options->quantize, "int8 weights: activations quantized as they come, or by calibration")
      ->type_name("dynamic|static");
  app.add_option("--calibrate", options->calibrate, "Data for --quantize static and for accuracy")->type_name("DATA");
  app.add_option("--method", options->method, "How calibration picks a range")->type_name("minmax|entropy|percentile");
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(optimize) = {
    .name = "optimize",
    .brief = "Prune and quantize a trained model",
    .help =
        "Prints accuracy, bytes and latency before and after each step.\n"
        "  slipway optimize digits.onnx small.onnx --prune 0.5 --finetune recipes/digits.toml --quantize static\n"
        "  slipway optimize digits.onnx small.onnx --quantize dynamic\n"
        "  slipway optimize digits.onnx small.onnx --quantize static --calibrate ../shared/data/mnist --json\n",
    .declare = declare,
};

}  // namespace slipway
