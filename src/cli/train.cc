// slipway train: runs a recipe.
#include <unistd.h>

#include <memory>

#include <fmt/format.h>

#include "base/folder.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "formats/format.h"
#include "store/store.h"
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
    text += value.is_number() ? fmt::format("  {}{} {:.4f}", prefix, name, value.as_double())
                              : fmt::format("  {}{} {}", prefix, name, value.dump());
  }
  return text;
}

Result<Graph> starting_model(const Options& options, const train::Recipe& recipe, const Dataset& data) {
  if (recipe.model_file.empty()) {
    Result<Graph> graph = train::build_model(recipe.layers, data, recipe.trainer.seed);
    if (!graph.ok()) return graph.status().at(options.recipe.string());
    return graph;
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

Json summary_json(const train::FitResult& fit, const train::Evaluation& test, int64_t version,
                  const std::string& source, const train::TrainerOptions& options) {
  Json json = Json::object({{"data", source},
                            {"run", train::statement(options)},
                            {"epochs", static_cast<int64_t>(fit.epochs.size())},
                            {"best_epoch", fit.best_epoch},
                            {"stopped_early", fit.stopped_early}});
  Json measured = train::to_json(test, "test_");
  for (const auto& [name, value] : measured.members()) json.set(name, value);
  if (version > 0) json.set("version", version);
  return Json::object({{"result", json}});
}

Status run(const Options& options) {
  train::Recipe recipe = TRY(train::read_recipe(options.recipe));
  override_recipe(options, recipe);
  RETURN_IF_ERROR(check_destinations(options, recipe));
  std::optional<Store> store;
  if (!options.store.empty()) store = TRY(Store::open(options.store, true));
  DataPair data = TRY(load_dataset(recipe.data));
  if (!options.json) {
    fmt::print(stderr, "Data: {} ({} training, {} test examples)\n", data.source, data.train.size(), data.test.size());
    fmt::print(stderr, "Run: {}\n", statement_text(recipe.trainer));
  }
  Dataset training = data.train;
  std::optional<Dataset> validation;
  if (recipe.validation_split > 0) {
    Split parts = TRY(split(data.train, recipe.validation_split, recipe.trainer.seed));
    training = parts.rest;
    validation = parts.held_out;
  }
  Graph model = TRY(starting_model(options, recipe, training));
  auto trainer = TRY(train::Trainer::create(std::move(model), training, validation, recipe.trainer));
  Narrator narrator(options.json, recipe.trainer.epochs);
  train::FitResult result = TRY(train::fit(*trainer, recipe.fit, narrator.listener()));
  train::Evaluation test = TRY(trainer->evaluate(data.test));
  Graph trained = TRY(trainer->model());
  RETURN_IF_ERROR(train::describe_data(data.train, trained));
  if (!options.out.empty()) RETURN_IF_ERROR(write_model(trained, options.out));
  int64_t version = 0;
  if (store) {
    train::PublishNotes notes{train::to_json(test), recipe.text,
                              fmt::format("slipway train ({})", statement_text(recipe.trainer)), "", 0};
    version = TRY(train::publish(*store, recipe.name, trained, &data.train, notes));
  }
  if (options.json) {
    fmt::print("{}\n", summary_json(result, test, version, data.source, recipe.trainer).dump());
    return {};
  }
  fmt::print("Test: {} on {} examples\n", metrics_text(test, ""), test.examples);
  if (result.stopped_early) fmt::print("Stopped early; epoch {} was the best.\n", result.best_epoch);
  if (!options.out.empty()) fmt::print("Wrote {}\n", options.out.string());
  if (version > 0) fmt::print("Published {} version {} in {}\n", recipe.name, version, options.store.string());
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
  app.add_flag("--json", options->json, "A JSON object per epoch and one for the result");
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
