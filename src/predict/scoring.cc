// Scoring: metrics, scores by class, calibration.
#include "predict/scoring.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/targets.h"
#include "train/answers.h"

namespace slipway {

namespace {

constexpr size_t kBins = 10;

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Several targets, read as training read them.
Result<Tensor> several_labels(const TargetEncoding& encoding, const RawRows& rows, std::string_view where) {
  CsvTable table;
  table.name = where;
  table.header = encoding.columns;
  std::vector<uint32_t> all;
  for (size_t i = 0; i < rows.ids.size(); ++i) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (size_t c = 0; c < encoding.columns.size(); ++c) row.push_back(rows.columns[c][i]);
    table.lines.push_back(std::atoll(rows.ids[i].c_str()));
    all.push_back(static_cast<uint32_t>(i));
  }
  return encode_targets(table, all, encoding);
}

}  // namespace

Result<std::vector<std::string>> truth_columns(const RawModel& predictor, const std::string& said) {
  const Preparation& preparation = predictor.preparation();
  if (!said.empty() && preparation.targets.size() > 1) {
    return invalid(
        fmt::format("the model tells {} together; rename the data's columns so", fmt::join(preparation.targets, ", ")));
  }
  if (!said.empty()) return std::vector<std::string>{said};
  if (!preparation.targets.empty()) return preparation.targets;
  const bool arrays = std::ranges::all_of(predictor.inputs(),
                                          [](const RawInput& input) { return input.kind == RawInput::Kind::tensor; });
  if (arrays) return std::vector<std::string>();  // the truth is an array, too
  const bool files = predictor.inputs().size() == 1 && predictor.inputs()[0].type.dtype == DType::string;
  if (files) return std::vector<std::string>{"label"};
  return invalid("the model does not say which column it tells; name it: --target COLUMN");
}

Result<Tensor> labels_of(const RawModel& predictor, const RawRows& rows, std::string_view where) {
  if (rows.labels.defined()) return rows.labels;
  const Preparation& preparation = predictor.preparation();
  if (rows.columns.empty()) return invalid(fmt::format("{}: such data has no truth in it; give a table", where));
  if (Json several = preparation.facts["targets"]; !several.is_null()) {
    return several_labels(target_encoding(several), rows, where);
  }
  const std::vector<std::string>& classes = preparation.classes;
  const std::vector<std::string>& truth = rows.columns[0];
  const auto n = static_cast<int64_t>(truth.size());
  Tensor labels = classes.empty() ? Tensor(DType::f32, {n, 1}) : Tensor(DType::i64, {n});
  for (size_t i = 0; i < truth.size(); ++i) {
    if (classes.empty()) {
      std::optional<double> number = parse_number(truth[i]);
      if (!number) {
        return invalid(fmt::format("{}: {}: expected a number as truth, found \"{}\"", where, rows.ids[i], truth[i]));
      }
      labels.mutable_data<float>()[i] = static_cast<float>(*number);
      continue;
    }
    auto found = std::ranges::find(classes, truth[i]);
    if (found == classes.end()) {
      return invalid(fmt::format("{}: {}: expected one of the classes {}, found \"{}\"", where, rows.ids[i],
                                 fmt::join(classes, ", "), truth[i]));
    }
    labels.mutable_data<int64_t>()[i] = found - classes.begin();
  }
  return labels;
}

Result<Scores> Scores::create(const RawModel& predictor) {
  Scores scores;
  scores.predictor_ = &predictor;
  const size_t classes = predictor.preparation().classes.size();
  const bool numbers = classes == 0;
  const bool labels = predictor.kind() == AnswerKind::labels;
  if (!numbers && predictor.kind() == AnswerKind::numbers) {
    return unsupported("evaluation needs a model that gives a score for each class, or numbers");
  }
  if (numbers) {
    scores.names_ = {"mae", "mse", "rmse", "r2"};
  } else if (labels) {
    scores.names_ = {"accuracy", "precision", "recall", "f1", "auc", "pr_auc", "confusion_matrix"};
  } else {
    scores.names_ = {"accuracy", "precision", "recall", "f1", "log_loss", "confusion_matrix"};
    if (classes == 2) scores.names_.insert(scores.names_.begin() + 4, {"auc", "pr_auc"});
  }
  for (const std::string& name : scores.names_) {
    scores.metrics_.push_back(
        TRY(train::make_metric(name, {.probabilities = predictor.probabilities(), .labels = labels})));
  }
  scores.bins_.resize(numbers ? 0 : kBins);
  return scores;
}

void Scores::add(const Tensor& output, const Tensor& labels) {
  for (auto& metric : metrics_) metric->add(output, labels);
  examples_ += labels.dim(0);
  if (bins_.empty()) {
    const std::span<const float> told = output.data<float>(), truth = labels.data<float>();
    for (size_t i = 0; i < told.size() && i < truth.size(); ++i) keep({truth[i], told[i]});
    return;
  }
  const Tensor scores = predictor_->scores(output);
  const auto width = static_cast<size_t>(scores.dim(1));
  const std::span<const float> x = scores.data<float>();
  if (predictor_->kind() == AnswerKind::labels) {
    for (size_t i = 0; i < x.size(); ++i) {
      const bool told = x[i] > 0.5f;
      calibrate(told ? x[i] : 1 - x[i], told == (labels.data<float>()[i] > 0.5f));
    }
    return;
  }
  for (size_t i = 0; i < static_cast<size_t>(labels.dim(0)); ++i) {
    const Best best = best_of(x.subspan(i * width, width));
    calibrate(best.score, static_cast<int64_t>(best.index) == labels.data<int64_t>()[i]);
  }
}

void Scores::calibrate(float confidence, bool right) {
  const auto score = static_cast<double>(confidence);
  Bin& bin = bins_[std::min(kBins - 1, static_cast<size_t>(std::max(0.0, score) * kBins))];
  ++bin.examples;
  ++answers_;
  bin.right += right;
  bin.confidence += score;
}

// Whenever there are too many, every second one goes.
void Scores::keep(ToldNumber number) {
  constexpr size_t kMost = 2000;
  if (seen_++ % every_ != 0) return;
  if (numbers_.size() == kMost) {
    for (size_t i = 0; i < kMost / 2; ++i) numbers_[i] = numbers_[2 * i];
    numbers_.resize(kMost / 2);
    every_ *= 2;
    if ((seen_ - 1) % every_ != 0) return;
  }
  numbers_.push_back(number);
}

Json Scores::result() const {
  Json json = Json::object({{"examples", examples_}});
  for (size_t i = 0; i < names_.size(); ++i) json.set(names_[i], metrics_[i]->result());
  if (bins_.empty()) return json;
  json.set("classes", train::to_json(train::class_scores(json["confusion_matrix"], predictor_->preparation().classes)));
  double error = 0;
  Json bins = Json::array();
  for (size_t b = 0; b < kBins; ++b) {
    const Bin& bin = bins_[b];
    if (bin.examples == 0) continue;
    const double confidence = bin.confidence / static_cast<double>(bin.examples);
    const double accuracy = share(bin.right, bin.examples);
    error += std::abs(accuracy - confidence) * share(bin.examples, answers_);
    bins.push(Json::object({{"low", static_cast<double>(b) / kBins},
                            {"high", static_cast<double>(b + 1) / kBins},
                            {"examples", bin.examples},
                            {"confidence", confidence},
                            {"accuracy", accuracy}}));
  }
  return json.set("calibration", Json::object({{"ece", error}, {"bins", bins}}));
}

}  // namespace slipway
