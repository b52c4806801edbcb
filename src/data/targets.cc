// Several targets of a row.
#include "data/targets.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/tabular.h"

namespace slipway {

namespace {

constexpr size_t kMostLabels = 10'000;

std::vector<std::string> words_of(const std::string& cell, const std::string& separator) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= cell.size();) {
    const size_t end = std::min(cell.find(separator, begin), cell.size());
    std::string word = cell.substr(begin, end - begin);
    const size_t from = word.find_first_not_of(" \t"), to = word.find_last_not_of(" \t");
    if (from != std::string::npos) words.push_back(word.substr(from, to - from + 1));
    begin = end + separator.size();
  }
  return words;
}

std::optional<float> yes_or_no(const std::string& cell) {
  std::string lower = cell;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "1" || lower == "true" || lower == "yes") return 1.f;
  if (lower == "0" || lower == "false" || lower == "no") return 0.f;
  return std::nullopt;
}

Status wrong(const CsvTable& table, size_t row, size_t column, std::string_view expected) {
  return invalid(fmt::format("{}: line {}: target \"{}\": expected {}, found {}; mend the cell or leave the row out",
                             table.name, table.lines[row], table.header[column], expected,
                             table.rows[row][column].empty() ? "none" : json_quote(table.rows[row][column])));
}

bool all_yes_or_no(const CsvTable& table, size_t column) {
  return std::ranges::all_of(table.rows,
                             [&](const auto& row) { return row[column].empty() || yes_or_no(row[column]); });
}

Result<TargetEncoding> fit_lists(const CsvTable& table, const TargetOptions& options) {
  TargetEncoding encoding{.columns = options.columns, .separator = options.separator, .labels = {}};
  if (options.columns.size() != 1) {
    return invalid(fmt::format("{}: target: a separator cuts the cells of one column, found {} columns", table.name,
                               options.columns.size()));
  }
  const size_t column = TRY(target_column(table, options.columns[0]));
  std::set<std::string> labels;
  for (const auto& row : table.rows) {
    for (std::string& word : words_of(row[column], options.separator)) labels.insert(std::move(word));
  }
  if (labels.size() < 2 || labels.size() > kMostLabels) {
    return invalid(fmt::format("{}: target \"{}\": expected 2 to {} labels in lists cut at \"{}\", found {}",
                               table.name, table.header[column], kMostLabels, options.separator, labels.size()));
  }
  encoding.labels.assign(labels.begin(), labels.end());
  return encoding;
}

}  // namespace

Result<TargetEncoding> fit_targets(const CsvTable& table, const TargetOptions& options) {
  if (!options.separator.empty()) return fit_lists(table, options);
  TargetEncoding encoding{.columns = options.columns, .separator = {}, .labels = {}};
  bool labels = true;
  for (const std::string& name : options.columns) {
    const size_t column = TRY(target_column(table, name));
    if (std::ranges::count(options.columns, name) > 1) {
      return invalid(fmt::format("{}: target \"{}\" is named twice", table.name, name));
    }
    labels = labels && all_yes_or_no(table, column);
  }
  if (labels) encoding.labels = options.columns;
  return encoding;
}

Result<Tensor> encode_targets(const CsvTable& table, std::span<const uint32_t> rows, const TargetEncoding& encoding) {
  Tensor values(DType::f32, {static_cast<int64_t>(rows.size()), encoding.width()});
  float* to = values.mutable_data<float>().data();
  std::vector<size_t> columns;
  for (const std::string& name : encoding.columns) columns.push_back(TRY(target_column(table, name)));
  for (uint32_t row : rows) {
    if (!encoding.separator.empty()) {
      for (const std::string& word : words_of(table.rows[row][columns[0]], encoding.separator)) {
        auto found = std::ranges::lower_bound(encoding.labels, word);
        if (found == encoding.labels.end() || *found != word) {
          return wrong(table, row, columns[0], fmt::format("labels among {}", fmt::join(encoding.labels, ", ")));
        }
        to[found - encoding.labels.begin()] = 1;
      }
      to += encoding.width();
      continue;
    }
    for (size_t column : columns) {
      const std::string& cell = table.rows[row][column];
      std::optional<double> number = parse_number(cell);
      std::optional<float> label = yes_or_no(cell);
      const bool labels = !encoding.labels.empty();
      if (labels ? !label : !number) return wrong(table, row, column, labels ? "0 or 1" : "a number");
      *to++ = labels ? *label : static_cast<float>(*number);
    }
  }
  return values;
}

Json to_json(const TargetEncoding& encoding) {
  Json json = Json::object({{"columns", Json::array_of(encoding.columns)}});
  if (!encoding.separator.empty()) json.set("separator", encoding.separator);
  if (!encoding.labels.empty()) json.set("labels", Json::array_of(encoding.labels));
  return json;
}

TargetEncoding target_encoding(const Json& json) {
  TargetEncoding encoding;
  for (const Json& name : json["columns"].items()) encoding.columns.push_back(name.as_string());
  encoding.separator = json["separator"].as_string();
  for (const Json& label : json["labels"].items()) encoding.labels.push_back(label.as_string());
  return encoding;
}

}  // namespace slipway
