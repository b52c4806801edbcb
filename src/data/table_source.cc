// Loading tables.
#include "data/table_source.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/columns.h"
#include "data/kept_rows.h"
#include "data/table_front.h"
#include "data/understanding.h"
#include "text/date.h"

namespace slipway {

namespace {

constexpr int64_t kManyClasses = 100;  // above which a class for every other row looks like a number to be told

std::vector<uint32_t> all_rows(const CsvTable& table) {
  std::vector<uint32_t> rows(table.rows.size());
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

// A table on its way to examples.
struct Prepared {
  CsvTable table;
  TabularOptions options;
  TargetOptions targets;
  std::vector<ColumnFacts> facts;
  Json understood;
  std::optional<TargetEncoding> encoding;  // of several targets
  Tensor labels;                           // theirs, of every row
};

// Takes several targets out of the table; the encoder, which knows one, sees a stand-in of two classes.
Result<Tensor> take_targets(const TargetEncoding& encoding, CsvTable& table) {
  Tensor labels = TRY(encode_targets(table, all_rows(table), encoding));
  const size_t column = TRY(target_column(table, encoding.columns[0]));
  for (size_t row = 0; row < table.rows.size(); ++row) table.rows[row][column].assign(1, row % 2 == 0 ? '0' : '1');
  return labels;
}

const ColumnFacts& facts_of(const Prepared& p, const std::string& name) {
  return *std::ranges::find(p.facts, name, &ColumnFacts::name);
}

// A column that nobody named is taken for the target only where it may be one.
Status choose_target(const DataSource& source, Prepared& p) {
  p.targets = source.targets;
  if (!p.targets.columns.empty()) {
    for (const std::string& name : p.targets.columns) RETURN_IF_ERROR(target_column(p.table, name).status());
    p.options.target = p.targets.columns[0];
    return {};
  }
  const ColumnFacts& last = p.facts.back();
  const bool odd = last.kind == ColumnKind::date || last.kind == ColumnKind::empty || last.counts_rows;
  const bool choice = p.facts.size() > 1;
  if ((choice && odd) || std::ranges::find(p.options.drop, last.name) != p.options.drop.end()) {
    return invalid(
        fmt::format("{}: no target is named, and the last column, \"{}\", is no likely one; name it: target = "
                    "\"…\"; the columns are {}",
                    p.table.name, last.name, fmt::join(p.table.header, ", ")));
  }
  p.options.target = last.name;
  p.targets.columns = {last.name};
  add_note(p.understood, fmt::format("no target was named: the last column, \"{}\", was taken", last.name));
  return {};
}

Status check_target(const Prepared& p, const std::string& name) {
  const ColumnFacts& target = facts_of(p, name);
  if (target.missing > 0 && p.targets.separator.empty()) {
    std::vector<std::string> words;
    for (const auto& [word, count] : target.missing_words) words.push_back(word.empty() ? "empty" : json_quote(word));
    const size_t column = TRY(target_column(p.table, name));
    auto first = std::ranges::find_if(p.table.rows, [&](const auto& row) { return row[column].empty(); });
    return invalid(
        fmt::format("{}: line {}: target \"{}\" says nothing in {} of {} rows ({}); leave these rows out, or say "
                    "not_missing = [\"…\"] "
                    "where the word is an answer",
                    p.table.name, p.table.lines[static_cast<size_t>(first - p.table.rows.begin())], name,
                    target.missing, p.table.rows.size(), fmt::join(words, ", ")));
  }
  const auto rows = static_cast<int64_t>(p.table.rows.size());
  const bool numbers = target.kind == ColumnKind::number;
  if (numbers && p.options.task == Task::classification && target.distinct > kManyClasses &&
      target.distinct > rows / 10) {
    return invalid(
        fmt::format("{}: target \"{}\" has {} distinct numbers in {} rows, too many for classes; task = "
                    "\"regression\" tells the number",
                    p.table.name, name, target.distinct, rows));
  }
  return {};
}

// What columns.NAME says, as the encoder's options.
void apply_words(const ColumnWords& words, TabularOptions& options) {
  for (const auto& [name, word] : words) {
    if (word == "category") options.categorical.push_back(name);
    if (word == "drop") options.drop.push_back(name);
  }
}

// Columns that are no features, whatever the encoder would make of them.
void leave_out(const DataSource& source, Prepared& p) {
  for (const std::string& name : row_numbers(p.facts)) {
    if (std::ranges::find(p.targets.columns, name) != p.targets.columns.end()) continue;
    p.options.drop.push_back(name);
    add_note(p.understood, fmt::format("\"{}\" only numbers the rows (as pandas writes them) and was left out", name));
  }
  for (size_t i = 1; i < p.targets.columns.size(); ++i) p.options.drop.push_back(p.targets.columns[i]);
  if (source.split == SplitBy::group) p.options.drop.push_back(source.split_column);
  for (const ColumnFacts& each : p.facts) {
    if (each.kind != ColumnKind::empty || std::ranges::find(p.options.drop, each.name) != p.options.drop.end())
      continue;
    p.options.drop.push_back(each.name);
    add_note(p.understood, fmt::format("column \"{}\" is empty and was left out", each.name));
  }
}

Result<Prepared> prepare(const DataSource& source) {
  Prepared p{.table = TRY(load_csv(source.path, source.csv)),
             .options = source.tabular,
             .targets = {},
             .facts = {},
             .understood = Json::object()};
  if (std::string note = doubtful_header(p.table, source.csv); !note.empty()) add_note(p.understood, std::move(note));
  ColumnWords words = source.columns;
  for (const std::string& name : source.tabular.categorical) words.emplace(name, "category");
  for (const std::string& name : source.tabular.drop) words.emplace(name, "drop");
  p.facts = TRY(look_at(p.table, words));
  apply_words(source.columns, p.options);
  RETURN_IF_ERROR(choose_target(source, p));
  for (const std::string& name : p.targets.columns) RETURN_IF_ERROR(check_target(p, name));
  leave_out(source, p);
  if (!p.targets.several()) return p;
  p.encoding = TRY(fit_targets(p.table, p.targets));
  p.labels = TRY(take_targets(*p.encoding, p.table));
  return p;
}

Result<std::vector<double>> times_of(const CsvTable& table, const std::string& name) {
  std::vector<double> keys(table.rows.size());
  std::iota(keys.begin(), keys.end(), 0.0);
  if (name.empty()) return keys;
  const size_t column = TRY(target_column(table, name));
  for (size_t row = 0; row < keys.size(); ++row) {
    const std::string& cell = table.rows[row][column];
    std::optional<double> time = parse_date(cell);
    if (!time) time = parse_number(cell);
    if (!time) {
      return invalid(
          fmt::format("{}: line {}: column \"{}\": expected a date (2024-05-31) or a number to split by, found "
                      "\"{}\"",
                      table.name, table.lines[row], name, cell));
    }
    keys[row] = *time;
  }
  return keys;
}

struct Parted {
  RowSplit rows;
  std::string how;
};

Result<Parted> by_time(const DataSource& source, const CsvTable& table) {
  std::vector<double> keys = TRY(times_of(table, source.split_column));
  Parted parted;
  parted.rows = TRY(split_by_time(keys, source.test_fraction, table.name));
  for (auto* part : {&parted.rows.rest, &parted.rows.held_out}) {
    std::ranges::stable_sort(*part, {}, [&](uint32_t row) { return keys[row]; });
  }
  parted.how = source.split_column.empty() ? std::string("the last rows of the file are held out")
                                           : fmt::format("the last rows by \"{}\" are held out", source.split_column);
  return parted;
}

Result<Parted> by_group(const DataSource& source, const CsvTable& table) {
  const size_t column = TRY(target_column(table, source.split_column));
  std::vector<std::string> groups;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    if (table.rows[row][column].empty()) {
      return invalid(
          fmt::format("{}: line {}: column \"{}\": expected a group, found none; rows whose group is not known "
                      "cannot be kept together: name it or leave them out",
                      table.name, table.lines[row], source.split_column));
    }
    groups.push_back(table.rows[row][column]);
  }
  return Parted{TRY(split_by_group(groups, source.test_fraction, source.seed, table.name)),
                fmt::format("whole groups of \"{}\" are held out, drawn by seed {}", source.split_column, source.seed)};
}

Result<Parted> part(const DataSource& source, const Prepared& p) {
  const CsvTable& table = p.table;
  if (source.test_fraction == 0) return Parted{{all_rows(table), {}}, "nothing is held out"};
  if (source.split == SplitBy::time) return by_time(source, table);
  if (source.split == SplitBy::group) return by_group(source, table);
  RowSplit any =
      TRY(split_rows(static_cast<uint32_t>(table.rows.size()), source.test_fraction, source.seed, table.name));
  const size_t target = TRY(target_column(table, p.options.target));
  std::vector<std::string> classes;
  if (source.split != SplitBy::random && !p.targets.several()) {
    classes = TRY(target_classes(table, target, p.options.task));
  }
  if (source.split == SplitBy::stratified && classes.empty()) {
    return invalid(fmt::format("{}: split = \"stratified\" needs a target with classes; \"{}\" has none", table.name,
                               table.header[target]));
  }
  const std::string drawn = fmt::format("drawn by seed {}", source.seed);
  if (classes.empty()) return Parted{std::move(any), "rows are held out at random, " + drawn};
  std::vector<int64_t> labels;
  for (const auto& row : table.rows) labels.push_back(std::ranges::find(classes, row[target]) - classes.begin());
  return Parted{TRY(split_by_class(labels, source.test_fraction, source.seed, table.name)),
                "of every class its share is held out, " + drawn};
}

// Several targets take the place of the stand-in.
Status set_targets(const TargetEncoding& targets, const Tensor& labels, std::span<const uint32_t> rows, Dataset& data) {
  const int64_t width = targets.width();
  data.labels = Tensor(DType::f32, {static_cast<int64_t>(rows.size()), width});
  for (size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy_n(labels.data<float>().begin() + rows[i] * width, width,
                        data.labels.mutable_data<float>().begin() + static_cast<int64_t>(i) * width);
  }
  data.classes = targets.labels;
  return check(data);
}

// What the columns taught, with how the table was read and what is to be told of a row.
Preparation whole_preparation(const DataSource& source, const Prepared& p, Preparation preparation) {
  if (Json reading = to_json(source.csv); !reading.members().empty()) preparation.facts.set("csv", reading);
  if (!p.encoding) return preparation;
  preparation.task = p.encoding->labels.empty() ? "regression" : "multi_label";
  preparation.targets = p.encoding->columns;
  preparation.facts.set("targets", to_json(*p.encoding));
  return preparation;
}

Result<Dataset> encoded(const DataSource& source, const Prepared& p, std::span<const uint32_t> rows,
                        const TabularEncoding& encoding, std::string name) {
  Dataset data = TRY(encode(p.table, rows, encoding, std::move(name)));
  if (p.encoding) RETURN_IF_ERROR(set_targets(*p.encoding, p.labels, rows, data));
  data.preparation = std::make_shared<Preparation>(whole_preparation(source, p, *data.preparation));
  data.in_order = source.split == SplitBy::time;
  data.kept = TRY(kept_rows(rows.size(), [&](std::span<const uint32_t> examples) -> Result<NamedRows> {
    std::vector<uint32_t> chosen;
    for (uint32_t example : examples) chosen.push_back(rows[example]);
    const std::vector<RawInput> inputs = raw_inputs(data.preparation->front);
    NamedRows raw;
    raw.values = TRY(raw_columns(p.table, chosen, inputs));
    for (const RawInput& input : inputs) raw.names.push_back(input.name);
    return raw;
  }));
  return data;
}

// No rows of the same table.
Dataset none_of(const Dataset& data) { return subset(data, {}); }

void describe(const Prepared& p, const TabularEncoding& encoding, std::string how, DataPair& pair) {
  std::vector<std::string> left_out = p.options.drop;
  left_out.insert(left_out.end(), p.targets.columns.begin(), p.targets.columns.end());
  Json columns = Json::array();
  for (const ColumnFacts& each : p.facts) {
    const bool target = std::ranges::find(p.targets.columns, each.name) != p.targets.columns.end();
    const bool feature = std::ranges::any_of(encoding.columns, [&](const auto& c) { return c.name == each.name; });
    Json json = to_json(each);
    json.set("use", target ? "target" : feature ? "feature" : each.name == p.options.weight ? "weight" : "left out");
    columns.push(json);
  }
  pair.understood = p.understood;
  for (std::string& text : remarks(p.facts, left_out)) add_note(pair.understood, std::move(text));
  pair.understood.set("columns", columns).set("split", std::move(how));
  pair.understood.set("target", Json::object({{"name", fmt::format("{}", fmt::join(p.targets.columns, ", "))}}));
}

// The rows of a test file of its own, which must have the same columns.
Result<Dataset> load_test(const DataSource& source, const Prepared& p, const TabularEncoding& encoding) {
  Prepared test{.table = TRY(load_csv(source.test_path, source.csv)),
                .options = p.options,
                .targets = p.targets,
                .facts = {},
                .understood = {},
                .encoding = p.encoding,
                .labels = {}};
  if (p.encoding) test.labels = TRY(take_targets(*p.encoding, test.table));
  return encoded(source, test, all_rows(test.table), encoding, test.table.name);
}

}  // namespace

Result<DataPair> load_table(const DataSource& source) {
  Prepared p = TRY(prepare(source));
  const bool apart = !source.test_path.empty();
  Parted parted{{all_rows(p.table), {}}, fmt::format("test rows are in {}", source.test_path.string())};
  if (!apart) parted = TRY(part(source, p));
  TabularEncoding encoding = TRY(fit_encoding(p.table, parted.rows.rest, p.options));
  DataPair pair;
  pair.source = fmt::format("CSV in {}", source.path.string());
  pair.train = TRY(encoded(source, p, parted.rows.rest, encoding, p.table.name));
  if (apart) {
    pair.test = TRY(load_test(source, p, encoding));
  } else if (parted.rows.held_out.empty()) {
    pair.test = none_of(pair.train);
  } else {
    pair.test = TRY(encoded(source, p, parted.rows.held_out, encoding, p.table.name + " (held out)"));
  }
  describe(p, encoding, std::move(parted.how), pair);
  return pair;
}

}  // namespace slipway
