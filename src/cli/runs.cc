// slipway runs: the training runs that were kept, and what sets them apart.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/nearest.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "train/curves.h"
#include "train/metrics.h"
#include "train/recipe_edit.h"
#include "train/run_folder.h"

namespace slipway {

namespace {

using train::KeptRun;

struct Options {
  std::filesystem::path runs = "runs";
  std::vector<std::string> names;
  std::string by;
  std::filesystem::path out;
  bool json = false;
};

Json to_json(const KeptRun& run) { return train::to_json(run.record).set("path", run.path.string()); }

// Names of what was measured, the usual ones first.
std::vector<std::string> metrics_of(const std::vector<KeptRun>& runs) {
  std::vector<std::string> names = {"val_loss", "val_accuracy", "test_loss", "test_accuracy"};
  std::set<std::string> there;
  for (const KeptRun& run : runs) {
    for (const auto& [name, value] : run.record.metrics.members()) {
      if (!value.is_number()) continue;
      there.insert(name);
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  std::erase_if(names, [&](const std::string& name) { return !there.contains(name); });
  return names;
}

std::string metric_text(const KeptRun& run, const std::string& name) {
  const Json& value = run.record.metrics[name];
  return value.is_number() ? fmt::format("{:.4f}", value.as_double()) : "-";
}

std::string time_text(const KeptRun& run) { return human_duration(static_cast<int64_t>(run.record.seconds * 1e9)); }

std::string epochs_text(const KeptRun& run) {
  return fmt::format("{}/{}", run.record.epochs, run.record.planned_epochs);
}

// "2026-11-30 09:15", UTC.
std::string date_text(int64_t us) {
  std::string text = rfc3339(us).substr(0, 16);
  text[10] = ' ';
  return text;
}

// Which of two values of the metric is better: "val_loss", "test_auc".
Result<bool> greater_wins(const std::string& metric) {
  std::string_view name = metric;
  for (std::string_view prefix : {"val_", "test_"}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  return train::greater_metric_is_better(name);
}

// The runs that have the metric, best first. An error where none has.
Result<std::vector<KeptRun>> ranked(std::vector<KeptRun> runs, const std::string& metric) {
  const std::vector<std::string> there = metrics_of(runs);
  std::erase_if(runs, [&](const KeptRun& run) { return !run.record.metrics[metric].is_number(); });
  if (runs.empty()) {
    return not_found(there.empty() ? std::string("no run has ended with a measurement yet")
                                   : fmt::format("no run measured \"{}\"{}", metric,
                                                 did_you_mean(metric, there, "expected one of")));
  }
  const bool greater = TRY(greater_wins(metric));
  std::ranges::stable_sort(runs, [&](const KeptRun& a, const KeptRun& b) {
    const double x = a.record.metrics[metric].as_double(), y = b.record.metrics[metric].as_double();
    return greater ? x > y : x < y;
  });
  return runs;
}

// A run by its name in the folder of runs, or by its own folder.
Result<KeptRun> run_called(const Options& options, const std::string& name) {
  for (const std::filesystem::path& path : {options.runs / name, std::filesystem::path(name)}) {
    if (train::is_run_folder(path)) return train::read_run(path.filename().empty() ? path.parent_path() : path);
  }
  std::vector<std::string> there;
  Result<std::vector<KeptRun>> runs = train::read_runs(options.runs);
  if (runs.ok()) {
    for (const KeptRun& run : *runs) there.push_back(run.record.name);
  }
  return not_found(fmt::format("there is no run \"{}\" in {}{}", name, options.runs.string(),
                               there.empty() ? "" : did_you_mean(name, there, "expected one of")));
}

// Those asked for; without names all.
Result<std::vector<KeptRun>> chosen(const Options& options) {
  if (options.names.empty()) return train::read_runs(options.runs);
  std::vector<KeptRun> runs;
  for (const std::string& name : options.names) runs.push_back(TRY(run_called(options, name)));
  return runs;
}

Status list(const Options& options) {
  std::vector<KeptRun> runs = TRY(train::read_runs(options.runs));
  if (!options.by.empty()) runs = TRY(ranked(std::move(runs), options.by));
  if (options.json) {
    Json json = Json::array();
    for (const KeptRun& run : runs) json.push(to_json(run));
    fmt::print("{}\n", Json::object({{"runs", json}}).dump(2));
    return {};
  }
  const std::vector<std::string> metrics = metrics_of(runs);
  std::vector<std::string> header = {"RUN", "DATE", "STATUS", "EPOCHS", "KEPT", "TIME", "PARAMETERS"};
  header.insert(header.end(), metrics.begin(), metrics.end());
  Table table(header);
  for (const KeptRun& run : runs) {
    const train::RunRecord& record = run.record;
    std::vector<std::string> row = {record.name,
                                    date_text(record.started_us),
                                    record.status,
                                    epochs_text(run),
                                    record.kept_epoch > 0 ? fmt::format("{}", record.kept_epoch) : "-",
                                    time_text(run),
                                    human_count(record.parameters)};
    for (const std::string& metric : metrics) row.push_back(metric_text(run, metric));
    table.add(std::move(row));
  }
  fmt::print("{}", table.text());
  return {};
}

// A row for each key of the recipes that is not the same in all of them.
Result<std::vector<std::vector<std::string>>> recipe_rows(const std::vector<KeptRun>& runs) {
  std::vector<std::map<std::string, std::string>> recipes;
  std::set<std::string> keys;
  for (const KeptRun& run : runs) {
    Result<std::map<std::string, std::string>> values = train::recipe_values(run.recipe);
    if (!values.ok()) return values.status().at((run.path / "recipe.toml").string());
    recipes.push_back(*std::move(values));
    for (const auto& [key, value] : recipes.back()) keys.insert(key);
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::string& key : keys) {
    std::vector<std::string> row = {key};
    for (const auto& recipe : recipes) row.push_back(recipe.contains(key) ? recipe.at(key) : "-");
    if (std::adjacent_find(row.begin() + 1, row.end(), std::not_equal_to<>()) != row.end()) rows.push_back(row);
  }
  return rows;
}

Status compare(const Options& options) {
  const std::vector<KeptRun> runs = TRY(chosen(options));
  const std::vector<std::vector<std::string>> differences = TRY(recipe_rows(runs));
  if (options.json) {
    Json json = Json::array(), recipe = Json::object();
    for (const KeptRun& run : runs) json.push(to_json(run));
    for (const auto& row : differences) {
      recipe.set(row[0], Json::array_of(std::vector<std::string>(row.begin() + 1, row.end())));
    }
    fmt::print("{}\n", Json::object({{"runs", json}, {"recipe", recipe}}).dump(2));
    return {};
  }
  std::vector<std::string> header = {""};
  for (const KeptRun& run : runs) header.push_back(run.record.name);
  Table table(header);
  auto row = [&](const std::string& name, auto text_of) {
    std::vector<std::string> cells = {name};
    for (const KeptRun& run : runs) cells.push_back(text_of(run));
    table.add(std::move(cells));
  };
  for (const auto& difference : differences) table.add(difference);
  if (!differences.empty()) table.rule();
  for (const std::string& metric : metrics_of(runs)) {
    row(metric, [&](const KeptRun& run) { return metric_text(run, metric); });
  }
  table.rule();
  row("status", [](const KeptRun& run) { return run.record.status; });
  row("epochs", epochs_text);
  row("kept epoch", [](const KeptRun& run) { return fmt::format("{}", run.record.kept_epoch); });
  row("time", time_text);
  row("parameters", [](const KeptRun& run) { return human_count(run.record.parameters); });
  fmt::print("{}", table.text());
  return {};
}

Status best(const Options& options) {
  std::vector<KeptRun> runs = TRY(train::read_runs(options.runs));
  std::string by = options.by;
  if (by.empty()) {
    const std::vector<std::string> there = metrics_of(runs);
    by = there.empty() ? "val_loss" : there.front();
  }
  const KeptRun run = TRY(ranked(std::move(runs), by)).front();
  const std::string model = (run.path / "model.onnx").string();
  if (options.json) {
    fmt::print("{}\n", to_json(run).set("by", by).set("model", model).dump(2));
  } else {
    fmt::print("{}: {} {}, epoch {}; {}\n", run.record.name, by, metric_text(run, by), run.record.kept_epoch, model);
  }
  return {};
}

Status plot(const Options& options) {
  const std::vector<KeptRun> runs = TRY(chosen(options));
  std::vector<train::RunCurves> curves;
  for (const KeptRun& run : runs) curves.push_back({run.record.name, run.epochs, run.record.kept_epoch});
  RETURN_IF_ERROR(write_file_atomic(options.out, train::curves_svg(curves)));
  if (options.json) {
    fmt::print("{}\n",
               Json::object({{"file", options.out.string()}, {"runs", static_cast<int64_t>(runs.size())}}).dump());
  } else {
    fmt::print("Wrote {}: the curves of {} run{}\n", options.out.string(), runs.size(), runs.size() == 1 ? "" : "s");
  }
  return {};
}

Arguments subcommand(Arguments app, Options& options, const char* name, const char* brief) {
  Arguments command = app.add_subcommand(name, brief);
  command.add_option("--runs", options.runs, "Folder of the runs").type_name("DIR");
  command.add_flag("--json", options.json, "Print JSON");
  return command;
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.require_subcommand();
  Arguments list_command = subcommand(app, *options, "list", "The runs: when, how far, how long, how good");
  list_command.add_option("--by", options->by, "Only runs that measured this, best first: val_loss, test_auc, ...");
  Arguments compare_command =
      subcommand(app, *options, "compare", "Runs side by side: what their recipes have apart, and what came of it");
  compare_command.add_option("RUN", options->names, "Names of runs, or their folders").type_name("RUN").required();
  Arguments best_command = subcommand(app, *options, "best", "The best run, and where its model is");
  best_command.add_option("--by", options->by,
                          "By what: val_loss, test_auc, ... [val_loss, where there is validation]");
  Arguments plot_command = subcommand(app, *options, "plot", "The curves of several runs in one picture (SVG)");
  plot_command.add_option("RUN", options->names, "Names of runs, or their folders (default: all)").type_name("RUN");
  plot_command.add_option("-o,--out", options->out, "The picture").type_name("FILE").required();
  return [=]() -> Status {
    if (list_command.parsed()) return list(*options);
    if (compare_command.parsed()) return compare(*options);
    if (best_command.parsed()) return best(*options);
    return plot(*options);
  };
}

}  // namespace

VERB(runs) = {
    .name = "runs",
    .brief = "List, compare and plot the training runs that were kept",
    .help =
        "slipway train keeps its runs in the folder runs, each with its recipe, log, curves and model.\n"
        "  slipway runs list\n"
        "  slipway runs compare adult adult-2\n"
        "  slipway runs best --by test_auc\n"
        "  slipway runs plot adult adult-2 -o curves.svg",
    .declare = declare,
};

}  // namespace slipway
