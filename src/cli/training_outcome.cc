// Training outcomes as JSON and as text.
#include "cli/training_outcome.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/answer_tables.h"
#include "cli/narrator.h"
#include "data/understanding.h"

namespace slipway {

std::string statement_text(const train::TrainerOptions& options) {
  const Json statement = train::statement(options);
  std::string text;
  for (const auto& [name, value] : statement.members()) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value.is_number() ? value.dump() : value.as_string());
  }
  return text;
}

Json summary_json(const TrainingOutcome& outcome, const DataPair& data, const train::TrainerOptions& options) {
  const train::FitResult& fit = outcome.fit;
  Json json = Json::object({{"data", data.source},
                            {"run", train::statement(options)},
                            {"epochs", static_cast<int64_t>(fit.epochs.size())},
                            {"best_epoch", fit.best_epoch},
                            {"kept_epoch", fit.kept_epoch},
                            {"monitor", fit.monitor},
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
  if (outcome.version > 0) json.set("production", outcome.stays.empty());
  if (!outcome.folder.empty()) json.set("kept_in", outcome.folder);
  return Json::object({{"result", json}});
}

Json measured(const TrainingOutcome& outcome) {
  Json metrics = Json::object();
  for (const train::EpochResult& epoch : outcome.fit.epochs) {
    if (epoch.epoch != outcome.fit.kept_epoch || !epoch.validation) continue;
    const Json validation = train::to_json(*epoch.validation, "val_");
    for (const auto& [name, value] : validation.members()) metrics.set(name, value);
  }
  const Json test = outcome.test ? train::to_json(*outcome.test, "test_") : Json::object();
  for (const auto& [name, value] : test.members()) metrics.set(name, value);
  if (metrics.members().empty()) metrics.set("loss", outcome.fit.epochs.back().train.loss);
  return metrics;
}

std::string kept_text(const train::FitResult& fit) {
  const auto last = static_cast<int64_t>(fit.epochs.size());
  std::string text;
  if (fit.stopped_early) {
    text = fmt::format("Stopped early: {} was not better than in epoch {}.\n", fit.monitor, fit.best_epoch);
  }
  if (!fit.monitor.starts_with("val_")) {
    return text + fmt::format("Kept: epoch {}, the last; with data.validation_split it would be the best\n", last);
  }
  const Result<double> at_end = train::metric_of(fit.epochs.back(), fit.monitor);
  const double end = at_end.ok() ? *at_end : fit.best;
  if (fit.kept_epoch != last) {
    return text + fmt::format("Kept: epoch {} of {}, the best by {} ({:.4f}; the last has {:.4f})\n", fit.kept_epoch,
                              last, fit.monitor, fit.best, end);
  }
  if (fit.best_epoch == last) {
    return text + fmt::format("Kept: epoch {}, the last and the best by {} ({:.4f})\n", last, fit.monitor, end);
  }
  return text + fmt::format("Kept: epoch {}, the last; epoch {} was better by {} ({:.4f} against {:.4f})\n", last,
                            fit.best_epoch, fit.monitor, fit.best, end);
}

namespace {

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

}  // namespace

void print_report(const TrainingOutcome& outcome, const DataPair& data) {
  if (const auto& test = outcome.test) {
    fmt::print("Test: {} on {} examples\n", metrics_text(*test, ""), test->examples);
    fmt::print("{}", forecast_text(data.understood["forecast"], *test));
    fmt::print("{}", answers_text(test->answers.confusion, data.train.classes));
  } else {
    fmt::print("Test: none, nothing was held out\n");
  }
  fmt::print("{}", kept_text(outcome.fit));
  for (const std::string& hint : outcome.hints) fmt::print("Hint: {}\n", printable(hint));
  for (const std::string& line : outcome.written) fmt::print("{}\n", line);
}

}  // namespace slipway
