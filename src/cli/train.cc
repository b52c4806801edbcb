// slipway train: runs a recipe.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/folder.h"
#include "cli/going_live.h"
#include "cli/interrupt.h"
#include "cli/narrator.h"
#include "cli/run_keeper.h"
#include "cli/training_outcome.h"
#include "cli/understood.h"
#include "cli/verb.h"
#include "data/understanding.h"
#include "formats/format.h"
#include "store/store.h"
#include "train/beginning.h"
#include "train/hints.h"
#include "train/imported.h"
#include "train/layer_sizes.h"
#include "train/layers.h"
#include "train/publish.h"
#include "train/recipe.h"
#include "train/recipe_edit.h"
#include "train/target_scaling.h"

namespace slipway {
namespace {

struct Options {
  std::filesystem::path recipe;
  std::filesystem::path data;
  std::filesystem::path out;
  std::filesystem::path store;
  std::filesystem::path checkpoints;
  std::filesystem::path runs;
  std::vector<std::string> settings;
  int64_t epochs = 0;    // 0: the recipe's
  int64_t threads = -1;  // -1: the recipe's
  int64_t seed = -1;     // -1: the recipe's
  bool resume = false;
  bool promote = false;
  bool json = false;
  bool quiet = false;
};

Result<Graph> starting_model(const train::Recipe& recipe, const Dataset& data) {
  Graph model;
  if (recipe.model_file.empty()) {
    model = TRY(train::build_model(recipe.layers, data, recipe.trainer.seed));
  } else {
    model = train::with_free_batch(TRY(read_model(recipe.model_file)));
    if (recipe.layers.empty()) return model;
    model = TRY(train::replace_head(model, recipe.cut, recipe.layers, recipe.trainer.seed));
  }
  RETURN_IF_ERROR(train::add_target_scaling(model, data, recipe.trainer.training.loss));
  return model;
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

// What a run trains on.
struct Material {
  DataPair data;
  Dataset training;
  std::optional<Dataset> validation;
};

void tell(const Options& options, const train::Recipe& recipe, const DataPair& data) {
  if (options.quiet) return;
  if (options.json) {
    fmt::print("{}\n", Json::object({{"data", data.understood}}).dump());
    std::fflush(stdout);
    return;
  }
  fmt::print(stderr, "{}Run: {}\n", understood_text(data.understood), statement_text(recipe.trainer));
}

Result<Material> load(const Options& options, train::Recipe& recipe) {
  RETURN_IF_ERROR(check_data(recipe));
  RETURN_IF_ERROR(match_images(recipe));
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
  Result<train::Beginning> begin = made_ready(recipe, material.training, *model);
  if (!begin.ok()) return begin.status().at(recipe.where);
  const std::string idle = train::idle_answers(begin->model, material.training);
  if (!idle.empty()) fmt::print(stderr, "Note: {}\n", idle);
  train::TrainerOptions options = recipe.trainer;
  options.training.spared = begin->spared;
  return train::Trainer::create(std::move(begin->model), material.training, material.validation, options);
}

// The model as it is to be kept, with how its data was prepared and understood.
Result<Graph> described(const train::Trainer& trainer, const DataPair& data) {
  Graph trained = TRY(trainer.model());
  RETURN_IF_ERROR(train::describe_data(data.train, trained));
  trained.metadata[kUnderstoodKey] = data.understood.dump();
  return trained;
}

// Measures the trained model on the test data, or, where there is none, on what else was held out.
Result<TrainingOutcome> judge(train::Trainer& trainer, const Material& material, train::FitResult fit,
                              const Graph& trained) {
  TrainingOutcome outcome{.fit = std::move(fit), .test = std::nullopt, .hints = {}};
  if (material.data.test.size() > 0) outcome.test = TRY(trainer.evaluate(material.data.test));
  std::optional<train::Evaluation> judged = outcome.test;
  if (!judged && material.validation) judged = TRY(trainer.evaluate(*material.validation));
  const train::Evaluation nothing;
  outcome.hints = train::hints(
      {outcome.fit, judged ? *judged : nothing, material.training.classes, train::slowest_momentum(trained)});
  return outcome;
}

// A run from its recipe to its end.
struct Job {
  Options options;
  train::Recipe recipe;
  std::optional<Store> store;
  Material material;
  std::unique_ptr<train::Trainer> trainer;
  std::unique_ptr<RunKeeper> keeper;
};

// The folder of the run that RECIPE names, itself or by its recipe; empty: it names none.
std::filesystem::path run_folder_of(const std::filesystem::path& recipe) {
  if (train::is_run_folder(recipe)) return recipe;
  const std::filesystem::path folder = recipe.has_parent_path() ? recipe.parent_path() : ".";
  return recipe.filename() == "recipe.toml" && train::is_run_folder(folder) ? folder : std::filesystem::path();
}

// What the command line changes of the recipe: an option and its value, and what they are there.
struct Change {
  const char* option;
  std::string value;
  train::Setting setting;
};

std::vector<Change> changes_of(const Options& options) {
  std::vector<Change> changes;
  auto path = [&](const char* option, const std::filesystem::path& value, const char* key) {
    if (value.empty()) return;
    const std::string whole = std::filesystem::absolute(value).string();
    changes.push_back({option, value.string(), {key, train::toml_quoted(whole)}});
  };
  auto number = [&](const char* option, bool given, int64_t value, const char* key) {
    if (given) changes.push_back({option, fmt::format("{}", value), {key, fmt::format("{}", value)}});
  };
  path("--data", options.data, "data.path");
  path("--checkpoints", options.checkpoints, "callbacks.checkpoints");
  number("--epochs", options.epochs > 0, options.epochs, "train.epochs");
  number("--seed", options.seed >= 0, options.seed, "seed");
  number("--threads", options.threads >= 0, options.threads, "train.threads");
  return changes;
}

// The recipe's text with these changes, so that it means the same wherever it lies.
Result<std::string> recipe_as_run(const Options& options, const train::Recipe& recipe) {
  std::string text = TRY(train::with_absolute_paths(recipe.text, std::filesystem::path(recipe.where).parent_path()));
  for (const Change& change : changes_of(options)) text = TRY(train::with_setting(text, change.setting));
  return text;
}

Result<std::unique_ptr<RunKeeper>> keeper_of(const Job& job, const std::filesystem::path& folder) {
  const Options& options = job.options;
  RunKeeperOptions keeping;
  keeping.runs = options.runs.empty() ? "runs" : options.runs;
  if (options.resume) keeping.folder = folder;
  keeping.passing = !options.out.empty() && options.runs.empty();
  keeping.checkpoints = job.recipe.fit.checkpoints;
  keeping.name = job.recipe.name;
  keeping.recipe = TRY(recipe_as_run(options, job.recipe));
  keeping.words = {options.recipe.string()};
  for (const Change& change : changes_of(options)) {
    keeping.words.insert(keeping.words.end(), {change.option, change.value});
  }
  for (const std::string& setting : options.settings) keeping.words.insert(keeping.words.end(), {"--set", setting});
  if (!options.out.empty()) keeping.destinations = {"-o", options.out.string()};
  if (!options.store.empty()) {
    keeping.destinations.insert(keeping.destinations.end(), {"--store", options.store.string()});
  }
  train::RunRecord record;
  record.started_us = SystemClock().now_us();
  record.planned_epochs = job.recipe.trainer.epochs;
  record.data = job.material.data.source;
  record.statement = train::statement(job.recipe.trainer);
  const Graph model = TRY(job.trainer->model());
  for (const std::string& name : train::trained_weights(model, {})) {
    record.parameters += model.value(model.find(name)).data.count();
  }
  return RunKeeper::begin(keeping, std::move(record), job.material.data.understood);
}

// Everything up to the first step. A folder for the run is the last thing, so that mistakes leave none.
Result<Job> prepared(const Options& given) {
  Job job{.options = given};
  const std::filesystem::path folder = run_folder_of(given.recipe);
  std::error_code ignored;
  // A run's folder, or a version's in a store.
  const bool has_recipe = std::filesystem::is_regular_file(given.recipe / "recipe.toml", ignored);
  if (!folder.empty() || has_recipe) job.options.recipe = (folder.empty() ? given.recipe : folder) / "recipe.toml";
  std::vector<train::Setting> settings;
  for (const std::string& text : given.settings) settings.push_back(TRY(train::parse_setting(text)));
  job.recipe = TRY(train::read_recipe(job.options.recipe, settings));
  override_recipe(job.options, job.recipe);
  if (given.resume && folder.empty() && job.recipe.fit.checkpoints.empty()) {
    return invalid(
        "nothing to resume from: give a run's folder instead of the recipe, or --checkpoints DIR, or "
        "callbacks.checkpoints in the recipe");
  }
  RETURN_IF_ERROR(check_destinations(job.options, job.recipe));
  if (!given.store.empty()) job.store = TRY(Store::open(given.store, true));
  job.material = TRY(load(job.options, job.recipe));
  job.trainer = TRY(trainer_of(job.recipe, job.material));
  job.keeper = TRY(keeper_of(job, folder));
  if (job.recipe.fit.checkpoints.empty()) {
    job.recipe.fit.checkpoints = job.keeper->folder();
    job.recipe.fit.saving = train::Saving::sparing;
  }
  return job;
}

Result<train::FitResult> trained(Job& job) {
  Narrator narrator(job.options.json, job.options.quiet, job.recipe.trainer.epochs);
  train::FitListener listener = narrator.listener();
  job.keeper->listen(listener);
  const Interrupt interrupt;
  listener.stop = [&interrupt] { return interrupt.asked(); };
  return train::fit(*job.trainer, job.recipe.fit, listener);
}

Status interrupted(const Job& job, const train::FitResult& fit) {
  const train::Trainer& trainer = *job.trainer;
  const std::string where = trainer.batch() > 0
                                ? fmt::format("in epoch {} of {}, behind step {} of {}", trainer.epoch() + 1,
                                              job.recipe.trainer.epochs, trainer.batch(), trainer.batches())
                                : fmt::format("behind epoch {} of {}", trainer.epoch(), job.recipe.trainer.epochs);
  job.keeper->interrupt(fit);
  if (!job.keeper->can_go_on()) return {Code::cancelled, fmt::format("interrupted {}; nothing was kept", where)};
  return {Code::cancelled, fmt::format("interrupted {}; everything so far is kept in {}; to go on:\n  {}", where,
                                       job.keeper->checkpoints().string(), job.keeper->go_on_command())};
}

// Writes the model wherever it belongs.
Status deliver(Job& job, const Graph& trained, TrainingOutcome& outcome) {
  if (job.keeper->stays()) RETURN_IF_ERROR(write_model(trained, job.keeper->model_file()));
  if (!job.options.out.empty()) RETURN_IF_ERROR(write_model(trained, job.options.out));
  if (!job.store) return {};
  const DataPair& data = job.material.data;
  const std::string recipe = TRY(recipe_as_run(job.options, job.recipe));
  train::PublishNotes notes{outcome.test ? train::to_json(*outcome.test) : Json::object(), recipe,
                            fmt::format("slipway train ({})", statement_text(job.recipe.trainer)), "", 0};
  if (outcome.test) notes.held_out = &data.test;
  const GoingLive live =
      TRY(going_live(*job.store, job.recipe.name, trained, outcome.test.has_value(), job.options.promote));
  outcome.version = TRY(train::publish(*job.store, job.recipe.name, trained, &data.train, notes, live.promote));
  if (live.stays > 0) {
    outcome.stays = stays_text(live, job.options.store.string(), job.recipe.name, outcome.version);
  }
  return {};
}

std::vector<std::string> written(const Job& job, const TrainingOutcome& outcome) {
  std::vector<std::string> lines;
  if (!job.options.out.empty()) lines.push_back("Wrote " + job.options.out.string());
  if (outcome.version > 0) {
    lines.push_back(
        fmt::format("Published {} version {} in {}", job.recipe.name, outcome.version, job.options.store.string()));
  }
  if (!outcome.stays.empty()) lines.push_back(outcome.stays);
  if (!outcome.folder.empty()) {
    lines.push_back(fmt::format(
        "The run is kept in {}: model.onnx, best.safetensors, curves.svg, log.jsonl, recipe.toml", outcome.folder));
  }
  return lines;
}

Status finish(Job& job, train::FitResult fit) {
  const DataPair& data = job.material.data;
  Graph trained = TRY(described(*job.trainer, data));
  TrainingOutcome outcome = TRY(judge(*job.trainer, job.material, std::move(fit), trained));
  RETURN_IF_ERROR(deliver(job, trained, outcome));
  if (job.keeper->stays()) outcome.folder = job.keeper->folder().string();
  outcome.written = written(job, outcome);
  const Json summary = summary_json(outcome, data, job.recipe.trainer);
  job.keeper->finish(outcome.fit, measured(outcome), summary);
  if (job.options.json) {
    fmt::print("{}\n", summary.dump());
  } else {
    print_report(outcome, data);
  }
  return {};
}

Status run(const Options& options) {
  Job job = TRY(prepared(options));
  Result<train::FitResult> fitted = trained(job);
  if (!fitted.ok()) return job.keeper->fail(fitted.status(), false);
  if (fitted->interrupted) return interrupted(job, *fitted);
  const Status done = finish(job, *std::move(fitted));
  return done.ok() ? done : job.keeper->fail(done, true);
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("RECIPE", options->recipe,
                 "The recipe (TOML), or the folder of an earlier run or of a version in a store")
      .required();
  app.add_option("--data", options->data, "Where the data is, instead of the recipe's path");
  app.add_option("-o,--out", options->out, "Write the model to this file (ONNX) instead of keeping the run");
  app.add_option("--store", options->store, "Publish the model in this store");
  app.add_flag("--promote", options->promote, "With --store: into production, though it was not tested");
  app.add_option("--checkpoints", options->checkpoints, "Keep best and last checkpoints in this folder");
  app.add_option("--runs", options->runs, "Keep the run in a folder of its own in this one; with -o: only if given")
      .default_str("runs");
  app.add_flag("--resume", options->resume, "Go on from the last checkpoint, as if never interrupted");
  app.add_option("--set", options->settings,
                 "A key of the recipe and what it is instead: train.optimizer.learning_rate=0.01, "
                 "model.layers[0].units=64; may be given again")
      .type_name("KEY=VALUE")
      .one_value_each();
  app.add_option("--epochs", options->epochs, "Instead of the recipe's").default_str("").check(positive());
  app.add_option("--seed", options->seed, "Instead of the recipe's").default_str("").check(not_negative());
  app.add_option("--threads", options->threads, "Threads instead of the recipe's; 0 chooses by the work in a step")
      .default_str("")
      .check(between(0, 1024));
  app.add_flag("--json", options->json, "JSON lines: how the data was understood, every epoch, the result");
  app.add_flag("--quiet", options->quiet, "Tell neither how the data was understood nor of epochs; only the result");
  return [options] { return run(*options); };
}

}  // namespace

VERB(train) = {
    .name = "train",
    .brief = "Train a model by a recipe",
    .help =
        "Without -o the run is kept in runs/NAME (or NAME-2, ...): model, best weights, curves (SVG), log, recipe.\n"
        "Ctrl-C ends the step under way, saves and tells how to go on; a second one stops at once.\n"
        "  slipway train recipes/digits.toml                           # train and keep the run\n"
        "  slipway train recipes/digits.toml --set train.optimizer.learning_rate=0.01\n"
        "  slipway train runs/digits --resume                          # go on after an interruption\n"
        "  slipway train recipes/digits.toml -o digits.onnx            # train and write the model\n"
        "  slipway train recipes/digits.toml --store models            # train and publish a version\n",
    .declare = declare,
};

}  // namespace slipway
