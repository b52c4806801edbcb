// Looking at columns.
#include "data/columns.h"

#include <algorithm>
#include <cmath>
#include <map>
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
constexpr int64_t kManyTexts = 20;     // distinct ones, from which on one for every other row tells nothing
constexpr double kFewestSteps = 1024;  // of float32 between the least and the most of a column
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
bool is_number_or_thousands(std::string_view cell) {
  return is_number(cell) || (has_decimal_comma(cell) && cell[0] != '0' && cell.size() - cell.find(',') == 4);
}

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

// The values that are not of the kind, the most frequent first: ["oops", "n.v."].
std::string odd_words(const Counts& counts, bool (*holds)(std::string_view)) {
  std::vector<std::pair<std::string, int64_t>> odd;
  for (const auto& [value, count] : counts) {
    if (!holds(value)) odd.emplace_back(value, count);
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
    const bool thousands = cells_where(counts, is_number_or_thousands) == with_comma;
    return invalid(fmt::format(
        "{}; {} of {} cells have a {}, or {} takes them for text", first_odd(table, column, is_number, "a number"),
        with_comma - numbers, present,
        thousands ? "comma before three digits: where it stands between thousands, take it out; where it is a decimal "
                    "comma, say decimal = \",\""
                  : "decimal comma: decimal = \",\" reads them",
        saying(name, "category")));
  }
  const int64_t dates = cells_where(counts, is_date);
  const bool numeric = numbers >= dates;
  const int64_t fits = std::max(numbers, dates), others = present - fits;
  if (fits < kFewestNumbers || others * kNumbersPerOddCell > fits) return {};
  const auto holds = numeric ? is_number : is_date;
  const std::string expected = fmt::format("a {} as in {} of {} cells", numeric ? "number" : "date", fits, present);
  return invalid(fmt::format("{}; mend the cell{}, or say missing = {} where such cells say nothing, or {}",
                             first_odd(table, column, holds, expected),
                             others > 1 ? fmt::format(" and {} more", others - 1) : "", odd_words(counts, holds),
                             saying(name, "category")));
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
  constexpr size_t kNoYears = 200;  // rows from which on 1999, 2000, 2001, … are numbers of customers and no years
  std::optional<double> first = parse_number(table.rows[0][column]);
  if (!first || table.rows.size() < 3) return false;
  if (*first != 0 && *first != 1 && table.rows.size() < kNoYears) return false;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    if (parse_number(table.rows[row][column]) != *first + static_cast<double>(row)) return false;
  }
  return true;
}

bool labels_rows(const Counts& counts, size_t rows) {
  return counts.size() == rows && std::ranges::all_of(counts, [](const auto& each) {
           const std::optional<double> number = parse_number(each.first);
           return number && *number >= 0 && *number == std::floor(*number);
         });
}

// `"TRUE" and "true"`: the first two, by their spelling, that differ by case alone.
std::string first_alike(const Counts& counts) {
  std::map<std::string, std::string> seen;
  std::vector<std::string> values;
  for (const auto& [value, count] : counts) values.push_back(value);
  std::ranges::sort(values);
  for (const std::string& value : values) {
    std::string folded = value;
    for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const auto [before, added] = seen.emplace(folded, value);
    if (!added) return fmt::format("{} and {}", json_quote(before->second), json_quote(value));
  }
  return {};
}

// How many float32 there are between the least and the most of a column, at most.
double float_steps(const ColumnFacts& facts) {
  const double largest = std::max(std::abs(facts.least), std::abs(facts.most));
  return largest == 0 ? 0 : (facts.most - facts.least) / std::ldexp(1.0, std::ilogb(largest) - 23);
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
  ColumnFacts facts{.name = table.header[column], .rows = static_cast<int64_t>(table.rows.size())};
  if (column < table.missing.size()) facts.missing_words = table.missing[column];
  const Counts counts = count_values(table, column);
  int64_t present = 0;
  for (const auto& [value, count] : counts) present += count;
  facts.missing = facts.rows - present;
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
  if (facts.kind == ColumnKind::category) {
    describe_categories(counts, facts);
    facts.alike = first_alike(counts);
  }
  facts.labels_rows = facts.kind == ColumnKind::number && labels_rows(counts, table.rows.size());
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

bool unnamed(const std::string& name) { return name == kUnnamed || name == "Unnamed: 0"; }

// What the values of a column that is used say of it.
void remark_values(const ColumnFacts& facts, std::vector<std::string>& texts) {
  const std::string column = fmt::format("column \"{}\"", facts.name);
  const int64_t present = facts.rows - facts.missing;
  if (facts.kind == ColumnKind::category && facts.distinct > kManyTexts && facts.distinct * 2 > present) {
    texts.push_back(
        fmt::format("{} is text with {} different values in {} rows, such as {}; numbers and dates of another "
                    "spelling want 1100.5 and 2024-05-31, names are better dropped",
                    column, facts.distinct, present, json_quote(facts.values[0].first)));
  }
  const bool measured = facts.kind == ColumnKind::number || facts.kind == ColumnKind::date;
  if (const double steps = float_steps(facts);
      measured && steps < kFewestSteps && steps > 0 && static_cast<double>(facts.distinct) > steps + 1) {
    texts.push_back(
        fmt::format("{} has {} values, of which a model (float32) tells {:.0f} apart, since they are so far "
                    "from 0; take a fixed number off",
                    column, facts.distinct, steps + 1));
  }
}

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
    if ((each.counts_rows || each.labels_rows) && unnamed(each.name) && !headed) names.push_back(each.name);
  }
  return names;
}

std::vector<std::string> remarks(const std::vector<ColumnFacts>& facts, const std::vector<std::string>& left_out) {
  auto plain = [&](const std::string& name) { return std::ranges::find(left_out, name) == left_out.end(); };
  std::vector<std::string> texts;
  for (const ColumnFacts& each : facts) {
    const std::string column = fmt::format("column \"{}\"", each.name);
    if (!each.alike.empty()) texts.push_back(fmt::format("{} has {}, which are two values here", column, each.alike));
    if (!plain(each.name)) continue;
    remark_values(each, texts);
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
    if (static_cast<double>(each.missing) > kMostlyMissing * static_cast<double>(each.rows) &&
        each.kind != ColumnKind::empty) {
      texts.push_back(fmt::format("{} misses {} of its values", column, each.missing));
    }
  }
  return texts;
}

std::string doubtful_header(const CsvTable& table, const CsvOptions& options) {
  if (options.header) return {};
  for (size_t column = 0; column < table.header.size(); ++column) {
    const auto again = std::ranges::count_if(
        table.rows, [&](const std::vector<std::string>& row) { return row[column] == table.header[column]; });
    if (again == 0) continue;
    return fmt::format(
        "the first row was taken for the columns' names, but \"{}\" stands {} times below it; header = false takes it "
        "for a row, header = true for names",
        table.header[column], again);
  }
  return {};
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
