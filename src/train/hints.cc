// Reading the numbers of a run.
#include "train/hints.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slipway::train {

namespace {

constexpr double kHardlyMoves = 0.02;     // of the targets' spread
constexpr double kBetterThreshold = 0.1;  // gained F1 that is worth a word
constexpr double kFell = 0.98;            // of the first epoch's loss
constexpr double kTurned = 1.25;          // of the best validation loss
constexpr double kBehind = 0.2;           // accuracy
constexpr double kCaughtUp = 0.05;        // of a running average's start that may be left

void one_class(const HintFacts& f, std::vector<std::string>& out) {
  const auto& rows = f.judged.answers.confusion.items();
  if (rows.size() < 2 || rows[0].items().empty() || rows[0].items()[0].is_array()) return;
  std::vector<int64_t> truths(rows.size()), guesses(rows.size());
  for (size_t t = 0; t < rows.size(); ++t) {
    for (size_t g = 0; g < rows.size(); ++g) {
      truths[t] += rows[t].items()[g].as_int();
      guesses[g] += rows[t].items()[g].as_int();
    }
  }
  auto present = [](int64_t count) { return count > 0; };
  if (std::ranges::count_if(guesses, present) != 1 || std::ranges::count_if(truths, present) < 2) return;
  const auto only = static_cast<size_t>(std::ranges::max_element(guesses) - guesses.begin());
  const std::string name = only < f.classes.size() ? f.classes[only] : fmt::format("{}", only);
  const bool largest = truths[only] == std::ranges::max(truths);
  out.push_back(fmt::format(
      "every example is taken for \"{}\"{}", name,
      largest
          ? fmt::format(", the most frequent class ({} of {}): class_weight = \"balanced\" in the loss lets the others "
                        "count as much; a greater learning rate or more epochs may be needed too",
                        truths[only], f.judged.examples)
          : ": try a smaller learning rate, and check that inputs are scaled"));
}

void threshold(const HintFacts& f, std::vector<std::string>& out) {
  const std::optional<Threshold>& t = f.judged.answers.threshold;
  if (!t || t->f1 - t->f1_usual < kBetterThreshold) return;
  const std::string name = f.classes.size() > 1 ? f.classes[1] : "1";
  out.push_back(
      fmt::format("f1 of \"{}\" would be {:.3f} instead of {:.3f} if a probability of {:.3f} were enough for it, not "
                  "0.5 (chosen on the data that it is told of, so somewhat rosy)",
                  name, t->f1, t->f1_usual, t->at));
}

void numbers(const HintFacts& f, std::vector<std::string>& out) {
  const Answers& a = f.judged.answers;
  if (a.truth_spread == 0 || !a.confusion.is_null()) return;
  if (a.spread < kHardlyMoves * a.truth_spread) {
    out.push_back(
        fmt::format("the answers hardly differ (deviation {:.4g}, that of the targets {:.4g}): train longer or with "
                    "a greater learning rate, and scale inputs and targets",
                    a.spread, a.truth_spread));
  }
}

void not_falling(const HintFacts& f, std::vector<std::string>& out) {
  if (f.fit.epochs.size() < 2) return;
  const double first = f.fit.epochs.front().train.loss, last = f.fit.epochs.back().train.loss;
  if (first <= 0 || last < kFell * first) return;
  out.push_back(
      fmt::format("the training loss did not fall ({:.4g} in the first epoch, {:.4g} in the last): try another "
                  "learning rate (now {:g})",
                  first, last, f.fit.epochs.back().learning_rate));
}

void validation(const HintFacts& f, std::vector<std::string>& out) {
  if (f.fit.epochs.empty() || !f.fit.epochs.back().validation || f.fit.stopped_early) return;
  const EpochResult& last = f.fit.epochs.back();
  auto best = std::ranges::min_element(f.fit.epochs, {}, [](const EpochResult& e) {
    return e.validation ? e.validation->loss : std::numeric_limits<double>::infinity();
  });
  const double now = last.validation->loss, least = best->validation->loss;
  if (least > 0 && now > kTurned * least && best->epoch < last.epoch) {
    out.push_back(
        fmt::format("the validation loss rose from {:.4g} (epoch {}) to {:.4g}: the model learns its training data "
                    "by heart; early_stopping, Dropout, fewer units or more data help",
                    least, best->epoch, now));
  } else if (last.train.accuracy && last.validation->accuracy &&
             *last.train.accuracy - *last.validation->accuracy > kBehind) {
    out.push_back(
        fmt::format("the accuracy is {:.3f} in training and {:.3f} on validation data: Dropout, augment, fewer units "
                    "or more data help",
                    *last.train.accuracy, *last.validation->accuracy));
  }
}

void batch_normalization(const HintFacts& f, std::vector<std::string>& out) {
  if (f.slowest_momentum <= 0) return;
  int64_t steps = 0;
  for (const EpochResult& epoch : f.fit.epochs) steps += epoch.steps;
  const double left = std::pow(f.slowest_momentum, static_cast<double>(steps));
  if (left < kCaughtUp) return;
  out.push_back(
      fmt::format("BatchNormalization's averages, which only evaluation and use read, have seen {} steps and are "
                  "still to {:.0f} % what they began with: give it momentum = {} (now {:.3g}), or train longer",
                  steps, 100 * left, steps < 40 ? 0.5 : 0.9, f.slowest_momentum));
}

}  // namespace

std::vector<std::string> hints(const HintFacts& facts) {
  std::vector<std::string> out;
  for (auto look : {one_class, threshold, numbers, not_falling, validation, batch_normalization}) look(facts, out);
  return out;
}

double slowest_momentum(const Graph& model) {
  double slowest = 0;
  for (const Node& node : model.nodes()) {
    if (node.op_type == "BatchNormalization") slowest = std::max(slowest, static_cast<double>(node.real("momentum")));
  }
  return slowest;
}

}  // namespace slipway::train
