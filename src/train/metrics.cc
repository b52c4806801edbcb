// The list of metrics, written by the build from the files in metrics/.
#include "train/metrics.h"

#include <charconv>

#include <fmt/format.h>

#include "base/card_list.h"
#include "train/metrics/cards.inc"
#include "train/metrics/metric_card.h"

namespace slipway::train {

DECLARE_CARDS(MetricCard, metric_)

const Cards<MetricCard>& all_metrics() {
  static const Cards<MetricCard> cards("metric", CARD_LIST(MetricCard, metric_), same_word);
  return cards;
}

namespace {

// k of "top_<k>_accuracy"; 0 for any other name.
int64_t number_of(const NumberedName& numbered, std::string_view name) {
  if (numbered.begin == nullptr || !name.starts_with(numbered.begin) || !name.ends_with(numbered.end)) return 0;
  const size_t around = std::string_view(numbered.begin).size() + std::string_view(numbered.end).size();
  if (name.size() <= around) return 0;
  std::string_view digits = name.substr(std::string_view(numbered.begin).size(), name.size() - around);
  int64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() && number > 0 ? number : 0;
}

// A card with the number of the name that it was found by.
struct Named {
  const MetricCard* card;
  int64_t number;
};

Result<Named> named(std::string_view name) {
  for (const MetricCard* card : all_metrics()) {
    if (int64_t number = number_of(card->numbered, name); number > 0) return Named{card, number};
  }
  if (const MetricCard* card = all_metrics().find(name)) return Named{card, card->numbered.usual};
  std::vector<std::string> names = metric_names();
  names.insert(names.begin(), "loss");
  return unknown_name("metric", name, names);
}

}  // namespace

std::vector<std::string> metric_names() { return all_metrics().names(); }

Result<std::unique_ptr<Metric>> make_metric(std::string_view name, const OutputMeaning& meaning) {
  const Named metric = TRY(named(name));
  return metric.card->make(meaning, metric.number);
}

Result<bool> greater_metric_is_better(std::string_view name) {
  if (name == "loss") return false;
  const MetricCard* card = TRY(named(name)).card;
  if (card->better == Better::neither) return invalid(fmt::format("{} is no single number", name));
  return card->better == Better::greater;
}

}  // namespace slipway::train
