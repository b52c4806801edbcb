// Metrics, classes, calibration.
#include "predict/scoring.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/csv.h"

namespace slipway {

namespace {

constexpr size_t kBins = 10;

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Precision, recall and f1 of each class of a confusion matrix (rows: truth).
Json by_class(const Json& confusion, const std::vector<std::string>& classes) {
  auto at = [&](size_t truth, size_t told) {
    const Json::Array& rows = confusion.items();
    return truth < rows.size() && told < rows.size() ? rows[truth].items()[told].as_int() : int64_t{0};
  };
  Json list = Json::array();
  for (size_t c = 0; c < classes.size(); ++c) {
    int64_t examples = 0, told = 0;
    for (size_t other = 0; other < classes.size(); ++other) {
      examples += at(c, other);
      told += at(other, c);
    }
    list.push(Json::object({{"name", classes[c]},
                            {"precision", share(at(c, c), told)},
                            {"recall", share(at(c, c), examples)},
                            {"f1", share(2 * at(c, c), told + examples)},
                            {"examples", examples}}));
  }
  return list;
}

}  // namespace

Result<Tensor> labels_of(const Predictor& predictor, const std::vector<std::string>& truth,
                         const std::vector<std::string>& ids) {
  const std::vector<std::string>& classes = predictor.preparation().classes;
  const auto n = static_cast<int64_t>(truth.size());
  Tensor labels = classes.empty() ? Tensor(DType::f32, {n, 1}) : Tensor(DType::i64, {n});
  for (size_t i = 0; i < truth.size(); ++i) {
    if (classes.empty()) {
      std::optional<double> number = parse_number(truth[i]);
      if (!number) return invalid(fmt::format("{}: expected a number as truth, found \"{}\"", ids[i], truth[i]));
      labels.mutable_data<float>()[i] = static_cast<float>(*number);
      continue;
    }
    auto found = std::ranges::find(classes, truth[i]);
    if (found == classes.end()) {
      return invalid(
          fmt::format("{}: expected one of the classes {}, found \"{}\"", ids[i], fmt::join(classes, ", "), truth[i]));
    }
    labels.mutable_data<int64_t>()[i] = found - classes.begin();
  }
  return labels;
}

Result<Scores> Scores::create(const Predictor& predictor) {
  Scores scores;
  scores.predictor_ = &predictor;
  const size_t classes = predictor.preparation().classes.size();
  const bool numbers = classes == 0;
  if (!numbers && predictor.kind() != AnswerKind::classes && predictor.kind() != AnswerKind::binary) {
    return unsupported("evaluation needs a model that tells one of several classes, or numbers");
  }
  if (numbers) {
    scores.names_ = {"mae", "mse", "rmse", "r2"};
  } else {
    scores.names_ = {"accuracy", "precision", "recall", "f1", "log_loss", "confusion_matrix"};
    if (classes == 2) scores.names_.insert(scores.names_.begin() + 4, {"auc", "pr_auc"});
  }
  for (const std::string& name : scores.names_) {
    scores.metrics_.push_back(TRY(train::make_metric(name, {.probabilities = predictor.probabilities()})));
  }
  scores.bins_.resize(numbers ? 0 : kBins);
  return scores;
}

void Scores::add(const Tensor& output, const Tensor& labels) {
  for (auto& metric : metrics_) metric->add(output, labels);
  examples_ += labels.dim(0);
  if (bins_.empty()) return;
  const Tensor scores = predictor_->scores(output);
  const auto width = static_cast<size_t>(scores.dim(1));
  for (size_t i = 0; i < static_cast<size_t>(labels.dim(0)); ++i) {
    const Best best = best_of(scores.data<float>().subspan(i * width, width));
    const double score = static_cast<double>(best.score);
    Bin& bin = bins_[std::min(kBins - 1, static_cast<size_t>(std::max(0.0, score) * kBins))];
    ++bin.examples;
    bin.right += static_cast<int64_t>(best.index) == labels.data<int64_t>()[i];
    bin.confidence += score;
  }
}

Json Scores::result() const {
  Json json = Json::object({{"examples", examples_}});
  for (size_t i = 0; i < names_.size(); ++i) json.set(names_[i], metrics_[i]->result());
  if (bins_.empty()) return json;
  json.set("classes", by_class(json["confusion_matrix"], predictor_->preparation().classes));
  double error = 0;
  Json bins = Json::array();
  for (size_t b = 0; b < kBins; ++b) {
    const Bin& bin = bins_[b];
    if (bin.examples == 0) continue;
    const double confidence = bin.confidence / static_cast<double>(bin.examples);
    const double accuracy = share(bin.right, bin.examples);
    error += std::abs(accuracy - confidence) * share(bin.examples, examples_);
    bins.push(Json::object({{"low", static_cast<double>(b) / kBins},
                            {"high", static_cast<double>(b + 1) / kBins},
                            {"examples", bin.examples},
                            {"confidence", confidence},
                            {"accuracy", accuracy}}));
  }
  return json.set("calibration", Json::object({{"ece", error}, {"bins", bins}}));
}

}  // namespace slipway
