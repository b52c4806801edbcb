// Looking at columns.
#include "data/columns.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "data/tabular.h"
#include "text/date.h"

namespace slipway {

namespace {

constexpr size_t kShownValues = 10;
constexpr size_t kShownOddWords = 3;
constexpr int64_t kFewestNumbers = 8;  // that make a column one of numbers although other cells are among them
constexpr int64_t kNumbersPerOddCell = 9;
constexpr double kMostlyMissing = 0.5;
const std::vector<std::string> kWords = {"number", "category", "date", "drop"};

using Counts = std::unordered_map<std::string, int64_t>;

Counts count_values(const CsvTable& table, size_t column) {
  Counts counts;
  for (const auto& row : table.rows) {
    if (!row[column].empty()) ++counts[row[column]];
  }
  return counts;
}

int64_t cells_where(const Counts& counts, bool (*holds)(std::string_view)) {
  int64_t cells = 0;
  for (const auto& [value, count] : counts) cells += holds(value) ? count : 0;
  return cells;
}

bool is_number(std::string_view cell) { return parse_number(cell).has_value(); }
bool is_date(std::string_view cell) { return parse_date(cell).has_value(); }
bool is_number_or_comma(std::string_view cell) { return is_number(cell) || has_decimal_comma(cell); }

// "d.csv: line 7: column "x": expected …, found "oops"" for the first cell that is not of the kind.
std::string first_odd(const CsvTable& table, size_t column, bool (*holds)(std::string_view),
                      std::string_view expected) {
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& cell = table.rows[row][column];
    if (cell.empty() || holds(cell)) continue;
    return fmt::format("{}: line {}: column \"{}\": expected {}, found \"{}\"", table.name, table.lines[row],
                       table.header[column], expected, cell);
  }
  return {};
}

// The odd values, the most frequent first: ["oops", "n.v."].
std::string odd_words(const Counts& counts) {
  std::vector<std::pair<std::string, int64_t>> odd;
  for (const auto& [value, count] : counts) {
    if (!is_number(value)) odd.emplace_back(value, count);
  }
  std::ranges::sort(odd,
                    [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a < b; });
  std::vector<std::string> words;
  for (size_t i = 0; i < std::min(odd.size(), kShownOddWords); ++i) words.push_back(json_quote(odd[i].first));
  return fmt::format("[{}{}]", fmt::join(words, ", "), odd.size() > kShownOddWords ? ", …" : "");
}

// TOML's spelling of columns.NAME = "category".
std::string saying(const std::string& column, std::string_view word) {
  const bool bare = std::ranges::all_of(column, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return fmt::format("columns.{} = \"{}\"", bare ? column : json_quote(column), word);
}

// Refuses a column that would silently become text.
Status check_cells(const CsvTable& table, size_t column, const Counts& counts, int64_t present) {
  const std::string& name = table.header[column];
  const int64_t numbers = cells_where(counts, is_number), odd = present - numbers;
  if (odd == 0 || cells_where(counts, is_date) == present) return {};
  const int64_t with_comma = cells_where(counts, is_number_or_comma);
  if (present - numbers > 0 && with_comma > numbers && (present - with_comma) * kNumbersPerOddCell <= with_comma) {
    return invalid(fmt::format(
        "{}; {} of {} cells have a decimal comma: decimal = \",\" reads them, or {} takes them for text",
        first_odd(table, column, is_number, "a number"), with_comma - numbers, present, saying(name, "category")));
  }
  if (numbers < kFewestNumbers || odd * kNumbersPerOddCell > numbers) return {};
  return invalid(
      fmt::format("{}; mend the cell{}, or say missing = {} where such cells say nothing, or {}",
                  first_odd(table, column, is_number, fmt::format("a number as in {} of {} cells", numbers, present)),
                  odd > 1 ? fmt::format(" and {} more", odd - 1) : "", odd_words(counts), saying(name, "category")));
}

void describe_numbers(const Counts& counts, int64_t present, ColumnFacts& facts) {
  double sum = 0;
  bool first = true;
  for (const auto& [value, count] : counts) {
    const bool date = facts.kind == ColumnKind::date;
    const double x = date ? *parse_date(value) : *parse_number(value);
    if (first || x < facts.least) {
      facts.least = x;
      if (date) facts.first = value;
    }
    if (first || x > facts.most) {
      facts.most = x;
      if (date) facts.last = value;
    }
    first = false;
    sum += x * static_cast<double>(count);
  }
  facts.mean = sum / static_cast<double>(present);
}

void describe_categories(const Counts& counts, ColumnFacts& facts) {
  facts.values.assign(counts.begin(), counts.end());
  std::ranges::sort(facts.values,
                    [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a < b; });
  facts.values.resize(std::min(facts.values.size(), kShownValues));
}

bool counts_rows(const CsvTable& table, size_t column) {
  std::optional<double> first = parse_number(table.rows[0][column]);
  if (!first || (*first != 0 && *first != 1) || table.rows.size() < 3) return false;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    if (parse_number(table.rows[row][column]) != *first + static_cast<double>(row)) return false;
  }
  return true;
}

std::string first_equal(const CsvTable& table, size_t column) {
  for (size_t other = 0; other < column; ++other) {
    if (std::ranges::all_of(table.rows, [&](const auto& row) { return row[other] == row[column]; })) {
      return table.header[other];
    }
  }
  return {};
}

Result<ColumnFacts> facts_of(const CsvTable& table, size_t column, const std::string& said) {
  ColumnFacts facts{.name = table.header[column]};
  if (column < table.missing.size()) facts.missing_words = table.missing[column];
  const Counts counts = count_values(table, column);
  int64_t present = 0;
  for (const auto& [value, count] : counts) present += count;
  facts.missing = static_cast<int64_t>(table.rows.size()) - present;
  facts.distinct = static_cast<int64_t>(counts.size());
  const bool numbers = cells_where(counts, is_number) == present, dates = cells_where(counts, is_date) == present;
  if (said == "number" && !numbers) {
    return invalid(first_odd(table, column, is_number, "a number, as columns says") +
                   "; mend the cell, or add it to missing");
  }
  if (said == "date" && !dates) {
    return invalid(first_odd(table, column, is_date, "a date (2024-05-31), as columns says") +
                   "; mend the cell, or add it to missing");
  }
  if (said.empty()) RETURN_IF_ERROR(check_cells(table, column, counts, present));
  facts.kind = present == 0                ? ColumnKind::empty
               : said == "category"        ? ColumnKind::category
               : dates && said != "number" ? ColumnKind::date
               : numbers                   ? ColumnKind::number
                                           : ColumnKind::category;
  facts.same_as = first_equal(table, column);
  facts.counts_rows = counts_rows(table, column);
  if (facts.kind == ColumnKind::number || facts.kind == ColumnKind::date) describe_numbers(counts, present, facts);
  if (facts.kind == ColumnKind::category) describe_categories(counts, facts);
  return facts;
}

Status check_words(const CsvTable& table, const ColumnWords& words) {
  for (const auto& [name, word] : words) {
    if (std::ranges::find(table.header, name) == table.header.end()) {
      return invalid(fmt::format("{}: columns: there is no column \"{}\"{}", table.name, name,
                                 did_you_mean(name, table.header, "it has")));
    }
    if (std::ranges::find(kWords, word) == kWords.end()) {
      return invalid(fmt::format("columns.{}: expected one of {}, found \"{}\"", name, fmt::join(kWords, ", "), word));
    }
  }
  return {};
}

bool unnamed(const std::string& name) { return name == kUnnamed || name.starts_with("Unnamed: "); }

}  // namespace

Result<std::vector<ColumnFacts>> look_at(const CsvTable& table, const ColumnWords& words) {
  RETURN_IF_ERROR(check_words(table, words));
  std::vector<ColumnFacts> facts;
  for (size_t column = 0; column < table.header.size(); ++column) {
    auto said = words.find(table.header[column]);
    facts.push_back(TRY(facts_of(table, column, said == words.end() ? "" : said->second)));
  }
  return facts;
}

std::vector<std::string> row_numbers(const std::vector<ColumnFacts>& facts) {
  std::vector<std::string> names;
  const bool headed = std::ranges::any_of(facts, [](const ColumnFacts& each) { return each.name == "column 2"; });
  for (const ColumnFacts& each : facts) {
    if (each.counts_rows && unnamed(each.name) && !headed) names.push_back(each.name);
  }
  return names;
}

std::vector<std::string> remarks(const std::vector<ColumnFacts>& facts, const std::vector<std::string>& left_out) {
  auto plain = [&](const std::string& name) { return std::ranges::find(left_out, name) == left_out.end(); };
  int64_t rows = 0;
  for (const ColumnFacts& each : facts) rows = std::max(rows, each.missing + each.distinct);
  std::vector<std::string> texts;
  for (const ColumnFacts& each : facts) {
    if (!plain(each.name)) continue;
    const std::string column = fmt::format("column \"{}\"", each.name);
    if (each.constant()) texts.push_back(column + " has one value in every row; it says nothing");
    if (!each.same_as.empty() && !each.constant() && !each.counts_rows) {
      texts.push_back(plain(each.same_as)
                          ? fmt::format("{} has the cells of \"{}\"; one of them is enough", column, each.same_as)
                          : fmt::format("{} has the cells of \"{}\", which is no feature; drop it if it tells "
                                        "the answer",
                                        column, each.same_as));
    }
    if (each.counts_rows) {
      texts.push_back(fmt::format("{} counts the rows; drop = [{}] leaves it out", column, json_quote(each.name)));
    }
    if (static_cast<double>(each.missing) > kMostlyMissing * static_cast<double>(rows) &&
        each.kind != ColumnKind::empty) {
      texts.push_back(fmt::format("{} misses {} of its values", column, each.missing));
    }
  }
  return texts;
}

Json to_json(const ColumnFacts& facts) {
  constexpr const char* kNames[] = {"number", "date", "category", "empty"};
  Json json = Json::object({{"name", facts.name},
                            {"type", kNames[static_cast<size_t>(facts.kind)]},
                            {"missing", facts.missing},
                            {"distinct", facts.distinct}});
  if (facts.missing > 0) {
    Json words = Json::object();
    for (const auto& [word, count] : facts.missing_words) words.set(word, count);
    json.set("missing_as", words);
  }
  if (facts.kind == ColumnKind::number) {
    json.set("least", facts.least).set("most", facts.most).set("mean", facts.mean);
  } else if (facts.kind == ColumnKind::date) {
    json.set("first", facts.first).set("last", facts.last);
  } else if (facts.kind == ColumnKind::category) {
    Json values = Json::object();
    for (const auto& [value, count] : facts.values) values.set(value, count);
    json.set("values", values);
  }
  return json;
}

}  // namespace slipway
