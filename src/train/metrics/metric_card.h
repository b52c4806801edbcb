// MetricCard: the card of one metric; a file in src/train/metrics/ holds everything about it (metrics that read a batch
// in the same way share one).
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/cards.h"
#include "train/metrics.h"

namespace slipway::train {

enum class Better : uint8_t { greater, less, neither };

// A name with a number in it: "top_5_accuracy" is "top_" 5 "_accuracy".
struct NumberedName {
  const char* begin = nullptr;
  const char* end = nullptr;
  int64_t usual = 0;  // the number where the name has none
};

struct MetricCard {
  const char* name;
  const char* doc;                          // one sentence
  std::array<const char*, 4> aliases = {};  // what Keras and scikit-learn call it
  Better better = Better::greater;          // neither: it is no single number
  NumberedName numbered = {};
  // `number`: that of a numbered name, else 0.
  std::unique_ptr<Metric> (*make)(const OutputMeaning& meaning, int64_t number);
};

// Every metric. In both of Keras's spellings.
const Cards<MetricCard>& all_metrics();

// make() of a metric that is a class.
template <typename M>
std::unique_ptr<Metric> make(const OutputMeaning& meaning, int64_t number) {
  return std::make_unique<M>(meaning, number);
}

}  // namespace slipway::train

// Opens a card of src/train/metrics/: METRIC(auc) = {.name = "auc", …};
#define METRIC(id)                                       \
  extern const ::slipway::train::MetricCard metric_##id; \
  const ::slipway::train::MetricCard metric_##id
