// Counting classes, measuring targets.
#include "data/understanding.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slipway {

namespace {

constexpr double kRareClass = 0.1;   // of the examples, below which the rarest class calls for a note
constexpr int64_t kFewExamples = 5;  // of a class in the training data

std::vector<int64_t> counts_of(const Dataset& data, size_t classes) {
  std::vector<int64_t> counts(classes);
  if (data.size() == 0) return counts;
  if (data.labels.dtype() == DType::i64) {
    for (int64_t label : data.labels.data<int64_t>()) {
      if (label >= 0 && label < static_cast<int64_t>(classes)) ++counts[static_cast<size_t>(label)];
    }
    return counts;
  }
  std::span<const float> labels = data.labels.data<float>();
  for (size_t i = 0; i < labels.size(); ++i) counts[i % classes] += labels[i] > 0.5f;
  return counts;
}

void note_balance(const DataPair& pair, const std::vector<int64_t>& train, Json& understood) {
  const auto least = std::ranges::min_element(train);
  const auto& name = pair.train.classes[static_cast<size_t>(least - train.begin())];
  const auto n = static_cast<double>(pair.train.size());
  if (*least < kFewExamples) {
    add_note(understood, fmt::format("class \"{}\" has {} training examples", name, *least));
  } else if (train.size() == 2 && static_cast<double>(*least) < kRareClass * n) {
    add_note(
        understood,
        fmt::format("class \"{}\" is rare, {:.1f} % of the examples: class_weight = \"balanced\" in the loss lets it "
                    "count as much as the other",
                    name, 100 * static_cast<double>(*least) / n));
  }
}

void add_classes(const DataPair& pair, Json& target, Json& understood) {
  const size_t count = pair.train.classes.size();
  const std::vector<int64_t> train = counts_of(pair.train, count), test = counts_of(pair.test, count);
  Json classes = Json::array();
  for (size_t i = 0; i < count; ++i) {
    classes.push(Json::object({{"name", pair.train.classes[i]}, {"training", train[i]}, {"test", test[i]}}));
  }
  target.set("classes", classes);
  if (pair.train.window == 0 && count > 0) note_balance(pair, train, understood);
}

void add_range(const Dataset& data, Json& target) {
  std::span<const float> y = data.labels.data<float>();
  const auto [least, most] = std::ranges::minmax_element(y);
  double mean = 0, squares = 0;
  for (float each : y) mean += static_cast<double>(each) / static_cast<double>(y.size());
  for (float each : y) squares += (static_cast<double>(each) - mean) * (static_cast<double>(each) - mean);
  target.set("least", *least)
      .set("most", *most)
      .set("mean", mean)
      .set("deviation", std::sqrt(squares / static_cast<double>(y.size())));
}

}  // namespace

void add_note(Json& understood, std::string text) {
  Json notes = understood["notes"];
  notes.push(std::move(text));
  understood.set("notes", notes);
}

void complete_understanding(std::string_view kind, DataPair& pair) {
  Json& json = pair.understood;
  auto offer = [&](const char* key, Json value) {
    if (json[key].is_null()) json.set(key, std::move(value));
  };
  const Dataset& train = pair.train;
  offer("kind", kind);
  offer("source", pair.source);
  offer("training", train.size());
  offer("test", pair.test.size());
  const Shape shape = train.example_shape();
  offer("example", fmt::format("{}{}", dtype_name(train.inputs.dtype()), to_string(std::span<const int64_t>(shape))));
  Json target = json["target"];
  const bool numbers = train.labels.dtype() == DType::f32;
  if (target["task"].is_null()) {
    target.set("task", train.window > 0        ? "next token"
                       : !numbers              ? "classification"
                       : train.classes.empty() ? "regression"
                                               : "labels");
  }
  if (numbers && train.classes.empty()) {
    add_range(train, target);
  } else {
    add_classes(pair, target, json);
  }
  json.set("target", target);
}

}  // namespace slipway
