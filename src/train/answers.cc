// Watching answers.
#include "train/answers.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <fmt/format.h>

namespace slipway::train {

namespace {

constexpr size_t kMostClasses = 200;  // of a confusion matrix that is kept

double ratio(double a, double b) { return b > 0 ? a / b : 0; }

double sigmoid(float x) { return 1 / (1 + std::exp(-static_cast<double>(x))); }

ClassScore score_of(std::string name, int64_t hits, int64_t of_truth, int64_t of_guess) {
  const auto tp = static_cast<double>(hits), truth = static_cast<double>(of_truth),
             guess = static_cast<double>(of_guess);
  return {std::move(name), of_truth, ratio(tp, guess), ratio(tp, truth), ratio(2 * tp, truth + guess)};
}

int64_t count_at(const Json& table, size_t truth, size_t guess) { return table.items()[truth].items()[guess].as_int(); }

ClassScore score_at(const Json& table, size_t c, std::string name) {
  int64_t of_truth = 0, of_guess = 0;
  for (size_t other = 0; other < table.items().size(); ++other) {
    of_truth += count_at(table, c, other);
    of_guess += count_at(table, other, c);
  }
  return score_of(std::move(name), count_at(table, c, c), of_truth, of_guess);
}

}  // namespace

void AnswerKeeper::Spread::add(double x) {
  count += 1;
  const double from_mean = x - mean;
  mean += from_mean / count;
  squares += from_mean * (x - mean);
}

double AnswerKeeper::Spread::deviation() const { return count > 0 ? std::sqrt(squares / count) : 0; }

AnswerKeeper::AnswerKeeper(const OutputMeaning& meaning, size_t classes) : classified_(classes > 0), meaning_(meaning) {
  if (classes <= kMostClasses) confusion_ = *make_metric("confusion_matrix", meaning);
}

void AnswerKeeper::add(const Tensor& output, const Tensor& labels) {
  if (!classified_) {
    for (float x : output.data<float>()) told_.add(static_cast<double>(x));
    if (labels.dtype() != DType::f32) return;
    for (float y : labels.data<float>()) wanted_.add(static_cast<double>(y));
    return;
  }
  if (confusion_) confusion_->add(output, labels);
  const int64_t n = labels.dim(0);
  const int64_t width = n == 0 ? 0 : output.count() / n;
  if (meaning_.labels || (width != 1 && width != 2) || labels.count() != n) return;
  std::span<const float> x = output.data<float>();
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const bool yes = labels.dtype() == DType::i64 ? labels.data<int64_t>()[i] == 1 : labels.data<float>()[i] > 0.5f;
    const float margin = width == 1 ? x[i] : x[2 * i + 1] - x[2 * i];
    const double p = !meaning_.probabilities ? sigmoid(margin) : static_cast<double>(width == 1 ? x[i] : x[2 * i + 1]);
    scores_.push_back(static_cast<float>(p));
    truth_.push_back(yes);
  }
}

Answers AnswerKeeper::result() const {
  Answers answers;
  if (classified_ && confusion_) answers.confusion = confusion_->result();
  if (!scores_.empty()) answers.threshold = best_threshold(scores_, truth_);
  answers.spread = told_.deviation();
  answers.truth_spread = wanted_.deviation();
  return answers;
}

std::optional<Threshold> best_threshold(std::span<const float> probabilities, std::span<const uint8_t> truth) {
  std::vector<uint32_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](uint32_t a, uint32_t b) { return probabilities[a] > probabilities[b]; });
  const auto ones = static_cast<double>(std::ranges::count(truth, 1));
  if (ones == 0 || ones == static_cast<double>(truth.size())) return std::nullopt;
  Threshold best{.at = 0.5, .f1 = -1, .f1_usual = 0};
  double hits = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    hits += truth[order[i]];
    const float p = probabilities[order[i]];
    const double f1 = 2 * hits / (ones + static_cast<double>(i + 1));
    if (p > 0.5f) best.f1_usual = f1;
    const bool last_of_tie = i + 1 == order.size() || probabilities[order[i + 1]] != p;
    if (last_of_tie && f1 >= best.f1) {
      best.f1 = f1;
      best.at = static_cast<double>(p);
    }
  }
  return best;
}

std::vector<ClassScore> class_scores(const Json& confusion, const std::vector<std::string>& classes) {
  std::vector<ClassScore> scores;
  auto name = [&](size_t i) { return i < classes.size() ? classes[i] : fmt::format("{}", i); };
  const auto& rows = confusion.items();
  const bool labels = !rows.empty() && !rows[0].items().empty() && rows[0].items()[0].is_array();
  for (size_t i = 0; i < rows.size(); ++i) {
    scores.push_back(labels ? score_at(rows[i], 1, name(i)) : score_at(confusion, i, name(i)));
  }
  return scores;
}

Json to_json(const std::vector<ClassScore>& scores) {
  Json list = Json::array();
  for (const ClassScore& each : scores) {
    list.push(Json::object({{"name", each.name},
                            {"examples", each.examples},
                            {"precision", each.precision},
                            {"recall", each.recall},
                            {"f1", each.f1}}));
  }
  return list;
}

}  // namespace slipway::train
