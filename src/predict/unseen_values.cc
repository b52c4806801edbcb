// Unseen values: counts them by column.
#include "predict/unseen_values.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/known_categories.h"

namespace slipway {

namespace {

constexpr size_t kShown = 5;
constexpr size_t kMostValues = 1000;  // counted by themselves

// The most frequent first.
std::vector<std::pair<std::string, int64_t>> shown(const std::map<std::string, int64_t>& values) {
  std::vector<std::pair<std::string, int64_t>> sorted(values.begin(), values.end());
  std::ranges::stable_sort(sorted, std::ranges::greater(), &std::pair<std::string, int64_t>::second);
  sorted.resize(std::min(sorted.size(), kShown));
  return sorted;
}

}  // namespace

UnseenValues::UnseenValues(const RawModel& model) {
  const Graph& front = model.preparation().front;
  for (size_t i = 0; i < front.inputs.size() && i < model.inputs().size(); ++i) {
    const std::optional<std::vector<std::string>> known = known_categories(front, front.inputs[i]);
    if (!known) continue;
    columns_.push_back({model.inputs()[i].name, i, {known->begin(), known->end()}, 0, {}});
  }
}

void UnseenValues::add(std::span<const Tensor> raw) {
  if (!raw.empty()) rows_ += raw[0].dim(0);
  for (Column& column : columns_) {
    for (const std::string& value : raw[column.input].data<std::string>()) {
      if (value.empty() || column.known.contains(value)) continue;
      ++column.rows;
      if (column.values.size() < kMostValues || column.values.contains(value)) ++column.values[value];
    }
  }
}

Json UnseenValues::to_json() const {
  Json json = Json::object();
  for (const Column& column : columns_) {
    if (column.rows == 0) continue;
    Json values = Json::object();
    for (const auto& [value, count] : shown(column.values)) values.set(value, count);
    json.set(column.name, Json::object({{"rows", column.rows}, {"of", rows_}, {"values", values}}));
  }
  return json;
}

std::vector<std::string> UnseenValues::texts() const {
  std::vector<std::string> texts;
  for (const Column& column : columns_) {
    if (column.rows == 0) continue;
    std::vector<std::string> values;
    for (const auto& [value, count] : shown(column.values)) {
      values.push_back(fmt::format("{} ({})", json_quote(value), count));
    }
    const bool more = column.values.size() > values.size();
    texts.push_back(
        fmt::format("column \"{}\": {} of {} rows have a value that training never saw, which the model takes for none "
                    "of those it knows: {}{}",
                    column.name, column.rows, rows_, fmt::join(values, ", "), more ? ", …" : ""));
  }
  return texts;
}

}  // namespace slipway
