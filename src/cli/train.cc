// slipway train: runs a recipe.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/folder.h"
#include "cli/answer_tables.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/understood.h"
#include "cli/verb.h"
#include "data/understanding.h"
#include "formats/format.h"
#include "store/store.h"
#include "train/hints.h"
#include "train/imported.h"
#include "train/layers.h"
#include "train/publish.h"
#include "train/recipe.h"

namespace slipway {
namespace {

struct Options {
  std::filesystem::path recipe;
  std::filesystem::path data;
  std::filesystem::path out;
  std::filesystem::path store;
  std::filesystem::path checkpoints;
  int64_t epochs = 0;    // 0: the recipe's
  int64_t threads = -1;  // -1: the recipe's
  int64_t seed = -1;     // -1: the recipe's
  bool resume = false;
  bool json = false;
};

std::string metrics_text(const train::Evaluation& e, const char* prefix) {
  std::string text = fmt::format("{}loss {:.4f}", prefix, e.loss);
  if (e.accuracy) text += fmt::format("  {}accuracy {:.4f}", prefix, *e.accuracy);
  for (const auto& [name, value] : e.metrics.members()) {
    if (value.is_number()) text += fmt::format("  {}{} {:.4f}", prefix, name, value.as_double());
  }
  return text;
}

Result<Graph> starting_model(const train::Recipe& recipe, const Dataset& data) {
  if (recipe.model_file.empty()) {
    return train::build_model(recipe.layers, data, recipe.trainer.seed);
  }
  Graph model = train::with_free_batch(TRY(read_model(recipe.model_file)));
  if (recipe.layers.empty()) return model;
  return train::replace_head(model, recipe.cut, recipe.layers, recipe.trainer.seed);
}

// Refuses what would fail only after the training, and so lose it.
Status check_destinations(const Options& options, const train::Recipe& recipe) {
  if (!options.out.empty()) RETURN_IF_ERROR(check_model_path(options.out));
  if (options.store.empty()) return {};
  if (Status fits = Store::check_model_name(recipe.name); !fits.ok()) return fits.at(options.recipe.string());
  RETURN_IF_ERROR(Store::open(options.store, true).status());
  return check_folder(options.store);
}

void override_recipe(const Options& options, train::Recipe& recipe) {
  if (options.epochs > 0) recipe.trainer.epochs = options.epochs;
  if (options.threads >= 0) recipe.trainer.threads = static_cast<int>(options.threads);
  if (options.seed >= 0) {
    recipe.trainer.seed = static_cast<uint64_t>(options.seed);
    recipe.trainer.training.seed = recipe.trainer.seed;
  }
  if (!options.data.empty()) recipe.data.path = options.data;
  if (!options.checkpoints.empty()) recipe.fit.checkpoints = options.checkpoints;
  recipe.fit.resume = options.resume;
}

// Tells of epochs as they go by: a bar, lines, or a JSON object per line.
class Narrator {
 public:
  Narrator(bool json, int64_t epochs)
      : json_(json), epochs_(epochs), progress_(progress_style(json, stderr), clock_, stderr) {}

  train::FitListener listener() {
    train::FitListener listener;
    listener.step = [this](int64_t epoch, int64_t batch, int64_t batches, const train::Evaluation& so_far) {
      if (batch == 1) progress_.begin(fmt::format("Epoch {}/{}", epoch, epochs_), batches);
      // Formatting at every step of a small model would cost as much as the step.
      if (batch % 64 == 0) progress_.update(batch, metrics_text(so_far, ""));
    };
    listener.epoch = [this](const train::EpochResult& epoch) {
      std::string note = metrics_text(epoch.train, "");
      if (epoch.validation) note += "  " + metrics_text(*epoch.validation, "val_");
      progress_.finish(note);
      if (!json_) return;
      fmt::print("{}\n", to_json(epoch).dump());
      std::fflush(stdout);  // who follows a log sees an epoch when it ends
    };
    listener.note = [](const std::string& note) { fmt::print(stderr, "Note: {}\n", note); };
    return listener;
  }

 private:
  bool json_;
  int64_t epochs_;
  SystemClock clock_;
  Progress progress_;
};

// "seed 1, threads 2, slipway 0.1.0"
std::string statement_text(const train::TrainerOptions& options) {
  const Json statement = train::statement(options);
  std::string text;
  for (const auto& [name, value] : statement.members()) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value.is_number() ? value.dump() : value.as_string());
  }
  return text;
}

// How a run ended.
struct Outcome {
  train::FitResult fit;
  std::optional<train::Evaluation> test;
  std::vector<std::string> hints;
  int64_t version = 0;  // in the store; 0: none
};

Json summary_json(const Outcome& outcome, const DataPair& data, const train::TrainerOptions& options) {
  const train::FitResult& fit = outcome.fit;
  Json json = Json::object({{"data", data.source},
                            {"run", train::statement(options)},
                            {"epochs", static_cast<int64_t>(fit.epochs.size())},
                            {"best_epoch", fit.best_epoch},
                            {"stopped_early", fit.stopped_early}});
  const Json measured = outcome.test ? train::to_json(*outcome.test, "test_") : Json();
  for (const auto& [name, value] : measured.members()) json.set(name, value);
  if (outcome.test && !outcome.test->answers.confusion.is_null()) {
    const Json& confusion = outcome.test->answers.confusion;
    json.set("test_classes", to_json(train::class_scores(confusion, data.train.classes)));
    json.set("test_confusion_matrix", confusion);
  }
  if (const Json& forecast = data.understood["forecast"]; outcome.test && !forecast.is_null()) {
    json.set("forecast", forecast);
    const double scale = forecast["scale"].as_double();
    if (scale > 0) json.set("test_mase", outcome.test->metrics["mae"].as_double() / scale);
  }
  if (!outcome.hints.empty()) json.set("hints", Json::array_of(outcome.hints));
  if (outcome.version > 0) json.set("version", outcome.version);
  return Json::object({{"result", json}});
}

// What a run trains on.
struct Material {
  DataPair data;
  Dataset training;
  std::optional<Dataset> validation;
};

void tell(const Options& options, const train::Recipe& recipe, const DataPair& data) {
  if (options.json) {
    fmt::print("{}\n", Json::object({{"data", data.understood}}).dump());
    std::fflush(stdout);
    return;
  }
  fmt::print(stderr, "{}Run: {}\n", understood_text(data.understood), statement_text(recipe.trainer));
}

Result<Material> load(const Options& options, train::Recipe& recipe) {
  RETURN_IF_ERROR(check_data(recipe));
  Result<DataPair> loaded = load_dataset(recipe.data);
  if (!loaded.ok()) return at_data_line(recipe, loaded.status());
  Material material{.data = *std::move(loaded), .training = {}, .validation = {}};
  material.training = material.data.train;
  tell(options, recipe, material.data);
  if (recipe.validation_split > 0) {
    Split parts = TRY(split(material.data.train, recipe.validation_split, recipe.trainer.seed));
    material.training = std::move(parts.rest);
    material.validation = std::move(parts.held_out);
  }
  RETURN_IF_ERROR(balance(recipe, material.training));
  std::vector<std::string>& metrics = recipe.trainer.metrics;
  const bool forecasts = !material.data.understood["forecast"].is_null();
  if (forecasts && std::ranges::find(metrics, "mae") == metrics.end()) metrics.push_back("mae");  // to compare with
  return material;
}

Result<std::unique_ptr<train::Trainer>> trainer_of(const train::Recipe& recipe, const Material& material) {
  Result<Graph> model = starting_model(recipe, material.training);
  if (!model.ok()) return at_layer_line(recipe, model.status());
  return train::Trainer::create(*std::move(model), material.training, material.validation, recipe.trainer);
}

// The model as it is to be kept, with how its data was prepared and understood.
Result<Graph> described(const train::Trainer& trainer, const DataPair& data) {
  Graph trained = TRY(trainer.model());
  RETURN_IF_ERROR(train::describe_data(data.train, trained));
  trained.metadata[kUnderstoodKey] = data.understood.dump();
  return trained;
}

// "Without a model: mae 12.3 (the last value goes on), 10.2 (that of 12 rows before); MASE of the model 0.71"
std::string forecast_text(const Json& forecast, const train::Evaluation& test) {
  if (forecast.is_null()) return {};
  std::string text =
      fmt::format("Without a model: mae {:.4g} (the last value goes on)", forecast["last"]["mae"].as_double());
  if (!forecast["seasonal"].is_null()) {
    text += fmt::format(", {:.4g} (the value of {} rows before)", forecast["seasonal"]["mae"].as_double(),
                        forecast["season"].as_int());
  }
  const double scale = forecast["scale"].as_double();
  if (scale > 0) text += fmt::format("; MASE of the model {:.3f}", test.metrics["mae"].as_double() / scale);
  return text + "\n";
}

void report(const Options& options, const train::Recipe& recipe, const Outcome& outcome, const DataPair& data) {
  if (const auto& test = outcome.test) {
    fmt::print("Test: {} on {} examples\n", metrics_text(*test, ""), test->examples);
    fmt::print("{}", forecast_text(data.understood["forecast"], *test));
    fmt::print("{}", answers_text(test->answers.confusion, data.train.classes));
  } else {
    fmt::print("Test: none, nothing was held out\n");
  }
  if (outcome.fit.stopped_early) fmt::print("Stopped early; epoch {} was the best.\n", outcome.fit.best_epoch);
  for (const std::string& hint : outcome.hints) fmt::print("Hint: {}\n", hint);
  if (!options.out.empty()) fmt::print("Wrote {}\n", options.out.string());
  if (outcome.version > 0) {
    fmt::print("Published {} version {} in {}\n", recipe.name, outcome.version, options.store.string());
  }
}

// Measures the trained model on the test data, or, where there is none, on what else was held out.
Result<Outcome> judge(train::Trainer& trainer, const Material& material, train::FitResult fit, const Graph& trained) {
  Outcome outcome{.fit = std::move(fit), .test = std::nullopt, .hints = {}};
  if (material.data.test.size() > 0) outcome.test = TRY(trainer.evaluate(material.data.test));
  std::optional<train::Evaluation> judged = outcome.test;
  if (!judged && material.validation) judged = TRY(trainer.evaluate(*material.validation));
  const train::Evaluation nothing;
  outcome.hints = train::hints(
      {outcome.fit, judged ? *judged : nothing, material.training.classes, train::slowest_momentum(trained)});
  return outcome;
}

Status run(const Options& options) {
  train::Recipe recipe = TRY(train::read_recipe(options.recipe));
  override_recipe(options, recipe);
  RETURN_IF_ERROR(check_destinations(options, recipe));
  std::optional<Store> store;
  if (!options.store.empty()) store = TRY(Store::open(options.store, true));
  Material material = TRY(load(options, recipe));
  const DataPair& data = material.data;
  auto trainer = TRY(trainer_of(recipe, material));
  Narrator narrator(options.json, recipe.trainer.epochs);
  train::FitResult fitted = TRY(train::fit(*trainer, recipe.fit, narrator.listener()));
  Graph trained = TRY(described(*trainer, data));
  Outcome outcome = TRY(judge(*trainer, material, std::move(fitted), trained));
  if (!options.out.empty()) RETURN_IF_ERROR(write_model(trained, options.out));
  if (store) {
    train::PublishNotes notes{outcome.test ? train::to_json(*outcome.test) : Json::object(), recipe.text,
                              fmt::format("slipway train ({})", statement_text(recipe.trainer)), "", 0};
    if (outcome.test) notes.held_out = &data.test;
    outcome.version = TRY(train::publish(*store, recipe.name, trained, &data.train, notes));
  }
  if (options.json) {
    fmt::print("{}\n", summary_json(outcome, data, recipe.trainer).dump());
  } else {
    report(options, recipe, outcome, data);
  }
  return {};
}

std::function<Status()> declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("RECIPE", options->recipe, "The recipe (TOML)")->required();
  app.add_option("--data", options->data, "Where the data is, instead of the recipe's path");
  app.add_option("-o,--out", options->out, "Write the model to this file (ONNX)");
  app.add_option("--store", options->store, "Publish the model in this store");
  app.add_option("--checkpoints", options->checkpoints, "Keep best and last checkpoints in this folder");
  app.add_flag("--resume", options->resume, "Go on from the last checkpoint, as if never interrupted");
  app.add_option("--epochs", options->epochs, "Instead of the recipe's")->default_str("")->check(CLI::PositiveNumber);
  app.add_option("--seed", options->seed, "Instead of the recipe's")->default_str("")->check(CLI::NonNegativeNumber);
  app.add_option("--threads", options->threads, "Threads instead of the recipe's; 0 chooses by the work in a step")
      ->default_str("")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--json", options->json, "JSON lines: how the data was understood, every epoch, the result");
  return [options] { return run(*options); };
}

}  // namespace

VERB(train) = {
    .name = "train",
    .brief = "Train a model by a recipe",
    .help =
        "  slipway train recipes/digits.toml -o digits.onnx            # train and write the model\n"
        "  slipway train recipes/digits.toml --store models            # train and publish a version\n"
        "  slipway train recipes/digits.toml --checkpoints run --resume  # go on after an interruption\n",
    .declare = declare,
};

}  // namespace slipway
