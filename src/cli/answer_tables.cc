// Tables of classes.
#include "cli/answer_tables.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/table.h"
#include "train/answers.h"

namespace slipway {

namespace {

constexpr size_t kMostInMatrix = 12;
constexpr size_t kMostScores = 20;

std::string matrix_text(const Json& confusion, const std::vector<std::string>& names) {
  std::vector<std::string> header = {"TRUTH \\ ANSWER"};
  header.insert(header.end(), names.begin(), names.end());
  Table table(std::move(header));
  for (size_t truth = 0; truth < names.size(); ++truth) {
    std::vector<std::string> row = {names[truth]};
    for (const Json& count : confusion.items()[truth].items()) row.push_back(fmt::format("{}", count.as_int()));
    table.add(std::move(row));
  }
  return table.text();
}

}  // namespace

std::string answers_text(const Json& confusion, const std::vector<std::string>& classes) {
  if (confusion.items().empty()) return {};
  std::vector<train::ClassScore> scores = train::class_scores(confusion, classes);
  std::vector<std::string> names;
  for (const train::ClassScore& each : scores) names.push_back(printable(each.name));
  const bool labels = confusion.items()[0].items()[0].is_array();
  const size_t all = scores.size();
  if (all > kMostScores) {
    std::ranges::stable_sort(scores, {}, &train::ClassScore::f1);
    scores.resize(kMostScores);
  }
  Table table({labels ? "LABEL" : "CLASS", "PRECISION", "RECALL", "F1", "EXAMPLES"});
  for (const train::ClassScore& each : scores) {
    table.add({printable(each.name), fmt::format("{:.4f}", each.precision), fmt::format("{:.4f}", each.recall),
               fmt::format("{:.4f}", each.f1), fmt::format("{}", each.examples)});
  }
  std::string text = table.text();
  if (all > kMostScores) text += fmt::format("… the {} worst of {}\n", kMostScores, all);
  if (!labels && all <= kMostInMatrix) text += "\n" + matrix_text(confusion, names);
  return text;
}

}  // namespace slipway
