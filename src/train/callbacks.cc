// The list of callbacks, written by the build from the files in callbacks/, and their pure parts.
#include "train/callbacks.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/card_list.h"
#include "train/callbacks/callback_card.h"
#include "train/callbacks/cards.inc"
#include "train/metrics.h"

namespace slipway::train {

DECLARE_CARDS(CallbackCard, callback_)

const Cards<CallbackCard>& all_callbacks() {
  static const Cards<CallbackCard> cards("callback", CARD_LIST(CallbackCard, callback_));
  return cards;
}

CardText text_of(const CallbackCard& card) {
  return {card.name, card.doc, card.options == nullptr ? std::vector<OptionText>() : card.options()};
}

Result<std::vector<std::unique_ptr<Callback>>> make_callbacks(const CallbackOptions& options, Trainer& trainer,
                                                              const Clock& clock) {
  std::vector<std::unique_ptr<Callback>> callbacks;
  for (const CallbackCard* card : all_callbacks()) {
    if (card->make == nullptr) continue;
    std::unique_ptr<Callback> callback = TRY(card->make(options, trainer, clock));
    if (callback) callbacks.push_back(std::move(callback));
  }
  return callbacks;
}

std::vector<std::pair<std::string, double>> numbers_of(const EpochResult& epoch) {
  std::vector<std::pair<std::string, double>> numbers;
  Json json = to_json(epoch);
  for (const auto& [name, value] : json.members()) {
    if (value.is_number()) numbers.emplace_back(name, value.as_double());
  }
  return numbers;
}

Result<double> metric_of(const EpochResult& epoch, const std::string& name) {
  Json value = to_json(epoch)[name];
  if (value.is_number()) return value.as_double();
  return invalid(fmt::format("\"{}\" cannot be monitored: this run does not measure it{}", name,
                             name.starts_with("val_") ? "; set validation_split, and name it in metrics" : ""));
}

Result<bool> greater_is_better(const std::string& name) {
  std::string_view metric = name;
  if (metric.starts_with("val_")) metric.remove_prefix(4);
  return greater_metric_is_better(metric);
}

bool BestKeeper::see(int64_t epoch, double value) {
  bool better = epoch_ == 0 || (greater_ ? value > best_ + min_delta_ : value < best_ - min_delta_);
  if (!better) return false;
  best_ = value;
  epoch_ = epoch;
  return true;
}

Plateau::Plateau(const ReduceOnPlateau& options, bool greater, double learning_rate)
    : options_(options),
      best_(greater, options.min_delta),
      least_(learning_rate > 0 ? std::min(1.0, options.min_lr / learning_rate) : 0) {}

double Plateau::see(int64_t epoch, double value) {
  if (resting_ > 0) {
    --resting_;
    waiting_ = 0;
  }
  if (best_.see(epoch, value)) {
    waiting_ = 0;
  } else if (resting_ == 0 && ++waiting_ >= options_.patience) {
    factor_ = std::max(factor_ * options_.factor, least_);
    resting_ = options_.cooldown;
    waiting_ = 0;
  }
  return factor_;
}

}  // namespace slipway::train
