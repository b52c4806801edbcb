// Cutting windows.
#include "data/series.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/columns.h"
#include "data/kept_rows.h"
#include "data/raw_fronts.h"
#include "data/understanding.h"
#include "runtime/session.h"
#include "text/date.h"

namespace slipway {

namespace {

// Columns of numbers, row by row in time.
struct Columns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;
  std::vector<size_t> targets;  // indices of columns
  size_t rows = 0;
};

std::optional<double> time_of(const std::string& cell) {
  if (cell.size() == 7) {
    if (std::optional<double> month = parse_date(cell + "-01")) return month;
  }
  if (std::optional<double> date = parse_date(cell)) return date;
  return parse_number(cell);
}

}  // namespace

Status sort_by_time(const std::string& name, CsvTable& table) {
  if (name.empty()) return {};
  const size_t column = TRY(target_column(table, name));
  std::vector<double> times;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::optional<double> time = time_of(table.rows[row][column]);
    if (!time) {
      return invalid(
          fmt::format("{}: line {}: column \"{}\": expected a date (2024-05-31), a month (2024-05) or a number as "
                      "time, found \"{}\"",
                      table.name, table.lines[row], name, table.rows[row][column]));
    }
    times.push_back(*time);
  }
  std::vector<uint32_t> order(times.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {}, [&](uint32_t row) { return times[row]; });
  std::vector<std::vector<std::string>> rows;
  std::vector<int64_t> lines;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && times[order[i]] == times[order[i - 1]]) {
      return invalid(fmt::format("{}: lines {} and {} have one time, {}; a series has one row for each", table.name,
                                 table.lines[order[i - 1]], table.lines[order[i]], table.rows[order[i]][column]));
    }
    rows.push_back(std::move(table.rows[order[i]]));
    lines.push_back(table.lines[order[i]]);
  }
  table.rows = std::move(rows);
  table.lines = std::move(lines);
  return {};
}

Result<std::vector<double>> numbers_in_time(const CsvTable& table, size_t column) {
  std::vector<double> numbers;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::optional<double> number = parse_number(table.rows[row][column]);
    if (!number && numbers.empty()) {
      return invalid(
          fmt::format("{}: line {}: column \"{}\": expected a number to begin with, found none; leave the row out",
                      table.name, table.lines[row], table.header[column]));
    }
    if (!number && !table.rows[row][column].empty()) {
      return invalid(fmt::format("{}: line {}: column \"{}\": expected a number, found \"{}\"", table.name,
                                 table.lines[row], table.header[column], table.rows[row][column]));
    }
    numbers.push_back(number ? *number : numbers.back());
  }
  return numbers;
}

namespace {

constexpr double kLongStep = 1.5;    // usual steps; months differ by less
constexpr size_t kStepsPerGap = 10;  // where there are more gaps, they are usual (weekends)

// Steps of time that are missing; windows reach across them. Requires: sorted by the column `time`.
void note_gaps(const CsvTable& table, size_t time, Json& understood) {
  std::vector<double> steps;
  for (size_t row = 1; row < table.rows.size(); ++row) {
    steps.push_back(*time_of(table.rows[row][time]) - *time_of(table.rows[row - 1][time]));
  }
  if (steps.empty()) return;
  std::vector<double> sorted = steps;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2));
  const double usual = sorted[sorted.size() / 2];
  const auto gaps =
      static_cast<size_t>(std::ranges::count_if(steps, [&](double step) { return step > kLongStep * usual; }));
  if (gaps == 0 || gaps * kStepsPerGap > steps.size()) return;
  const auto longest = static_cast<size_t>(std::ranges::max_element(steps) - steps.begin());
  add_note(understood,
           fmt::format("{} of {} steps in time are longer than usual, the longest from {} to {}; windows reach "
                       "across as if nothing was missing there",
                       gaps, steps.size(), table.rows[longest][time], table.rows[longest + 1][time]));
}

Result<Columns> read_values(const DataSource& source, CsvTable& table, Json& understood) {
  ColumnWords words = source.columns;
  for (const std::string& name : source.tabular.drop) words.emplace(name, "drop");
  const std::vector<ColumnFacts> facts = TRY(look_at(table, words));
  RETURN_IF_ERROR(sort_by_time(source.series.time, table));
  if (!source.series.time.empty()) note_gaps(table, TRY(target_column(table, source.series.time)), understood);
  const std::vector<std::string> counting = row_numbers(facts);
  Columns values{.names = {}, .columns = {}, .targets = {}, .rows = table.rows.size()};
  Json columns = Json::array();
  for (size_t i = 0; i < facts.size(); ++i) {
    auto said = words.find(facts[i].name);
    const bool used = facts[i].kind == ColumnKind::number && facts[i].name != source.series.time &&
                      (said == words.end() || said->second != "drop") &&
                      std::ranges::find(counting, facts[i].name) == counting.end();
    if (used) {
      values.columns.push_back(TRY(numbers_in_time(table, i)));
      values.names.push_back(facts[i].name);
    }
    if (used && facts[i].missing > 0) {
      add_note(understood,
               fmt::format("column \"{}\": {} missing values became the one before", facts[i].name, facts[i].missing));
    }
    Json json = to_json(facts[i]);
    columns.push(json.set("use", used ? "feature" : facts[i].name == source.series.time ? "time" : "left out"));
  }
  understood.set("columns", columns);
  if (values.names.empty()) {
    return invalid(fmt::format("{}: expected a column of numbers, found none among {}", table.name,
                               fmt::join(table.header, ", ")));
  }
  return values;
}

Status choose_targets(const DataSource& source, const std::string& where, Columns& values, Json& understood) {
  std::vector<std::string> names = source.targets.columns;
  if (names.empty()) {
    names = {values.names.back()};
    if (values.names.size() > 1) {
      add_note(understood, fmt::format("no target was named: the last column of numbers, \"{}\", was taken", names[0]));
    }
  }
  for (const std::string& name : names) {
    auto found = std::ranges::find(values.names, name);
    if (found == values.names.end()) {
      return invalid(fmt::format("{}: target \"{}\" is no column of numbers; these are: {}", where, name,
                                 fmt::join(values.names, ", ")));
    }
    values.targets.push_back(static_cast<size_t>(found - values.names.begin()));
  }
  understood.set("target", Json::object({{"name", fmt::format("{}", fmt::join(names, ", "))}, {"task", "forecast"}}));
  return {};
}

// Windows that begin at these rows.
Dataset windows_at(const std::vector<size_t>& begins, const Columns& values, const SeriesOptions& options) {
  const auto n = static_cast<int64_t>(begins.size());
  const auto width = static_cast<int64_t>(values.columns.size()), told = static_cast<int64_t>(values.targets.size());
  Dataset data;
  data.inputs = Tensor(DType::f32, {n, options.window, width});
  data.labels = Tensor(DType::f32, {n, options.horizon * told});
  float* x = data.inputs.mutable_data<float>().data();
  float* y = data.labels.mutable_data<float>().data();
  const auto window = static_cast<size_t>(options.window), horizon = static_cast<size_t>(options.horizon);
  for (size_t begin : begins) {
    for (size_t row = begin; row < begin + window; ++row) {
      for (const auto& column : values.columns) *x++ = static_cast<float>(column[row]);
    }
    for (size_t row = begin + window; row < begin + window + horizon; ++row) {
      for (size_t target : values.targets) *y++ = static_cast<float>(values.columns[target][row]);
    }
  }
  data.in_order = true;
  data.gap = (options.horizon - 1) / options.step;
  return data;
}

// Mean and deviation of every column by its first `rows`.
std::vector<SeriesColumn> measured(const Columns& values, size_t rows) {
  std::vector<SeriesColumn> columns;
  for (size_t c = 0; c < values.columns.size(); ++c) {
    const auto begin = values.columns[c].begin(), end = begin + static_cast<ptrdiff_t>(rows);
    const auto n = static_cast<double>(rows);
    const double mean = std::accumulate(begin, end, 0.0) / n;
    double squares = 0;
    for (auto each = begin; each != end; ++each) squares += (*each - mean) * (*each - mean);
    const auto [least, most] = std::minmax_element(begin, end);
    const double deviation = *least < *most ? std::sqrt(squares / n) : 1;
    columns.push_back({values.names[c], mean, deviation});
  }
  return columns;
}

// Scales the windows as the front does.
Status scale(const Preparation& preparation, int64_t window, Dataset& data) {
  if (data.size() == 0) return {};
  const int64_t n = data.size(), width = data.inputs.dim(2);
  std::vector<Tensor> raw(static_cast<size_t>(width), Tensor());
  const std::span<const float> x = data.inputs.data<float>();
  for (size_t c = 0; c < raw.size(); ++c) {
    raw[c] = Tensor(DType::f32, {n, window});
    std::span<float> to = raw[c].mutable_data<float>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = x[i * raw.size() + c];
  }
  std::unique_ptr<Session> session = TRY(Session::create(preparation.front));
  data.inputs = TRY(session->run(raw))[0];
  data.kept = TRY(kept_rows(static_cast<size_t>(n), [&](std::span<const uint32_t> examples) -> Result<NamedRows> {
    NamedRows kept;
    for (const RawInput& input : raw_inputs(preparation.front)) kept.names.push_back(input.name);
    for (const Tensor& column : raw) kept.values.push_back(rows_at(column, examples));
    return kept;
  }));
  return {};
}

struct Errors {
  double absolute = 0, squares = 0, count = 0;
  void add(double error) {
    absolute += std::abs(error);
    squares += error * error;
    count += 1;
  }
  Json json() const { return Json::object({{"mae", absolute / count}, {"rmse", std::sqrt(squares / count)}}); }
};

// What needs no model, over the labels of windows that begin at these rows.
Json forecasts(const std::vector<size_t>& begins, const Columns& values, size_t cut, const SeriesOptions& options) {
  Errors last, seasonal, inside;
  const auto window = static_cast<size_t>(options.window), horizon = static_cast<size_t>(options.horizon);
  const auto season = static_cast<size_t>(options.season), lag = std::max<size_t>(season, 1);
  for (size_t target : values.targets) {
    const std::vector<double>& y = values.columns[target];
    for (size_t begin : begins) {
      const size_t now = begin + window - 1;
      for (size_t row = now + 1; row <= now + horizon; ++row) {
        last.add(y[row] - y[now]);
        if (season == 0) continue;
        const size_t back = (row - now + season - 1) / season * season;
        if (back <= row) seasonal.add(y[row] - y[row - back]);
      }
    }
    for (size_t row = lag; row < cut; ++row) inside.add(y[row] - y[row - lag]);
  }
  Json json = Json::object({{"last", last.json()}});
  if (seasonal.count > 0) json.set("seasonal", seasonal.json()).set("season", options.season);
  return json.set("scale", inside.count > 0 ? inside.absolute / inside.count : 0);
}

Status check_options(const SeriesOptions& o, const std::string& where) {
  if (o.window >= 1 && o.horizon >= 1 && o.step >= 1 && o.season >= 0) return {};
  return invalid(
      fmt::format("{}: expected window, horizon and step of at least 1 and season of at least 0, found {}, {}, {} "
                  "and {}",
                  where, o.window, o.horizon, o.step, o.season));
}

struct Begins {
  std::vector<size_t> train, test;
  size_t cut = 0;  // the first row that only test windows tell
};

Result<Begins> cut_windows(const DataSource& source, size_t rows, const std::string& where) {
  const SeriesOptions& o = source.series;
  const auto held = static_cast<size_t>(std::llround(source.test_fraction * static_cast<double>(rows)));
  const bool fits = source.test_fraction >= 0 && source.test_fraction < 1;
  Begins begins{.train = {}, .test = {}, .cut = rows - (fits ? held : 0)};
  const auto window = static_cast<size_t>(o.window), horizon = static_cast<size_t>(o.horizon);
  for (size_t begin = 0; begin + window + horizon <= rows; begin += static_cast<size_t>(o.step)) {
    if (begin + window + horizon <= begins.cut) begins.train.push_back(begin);
    if (begin + window >= begins.cut) begins.test.push_back(begin);
  }
  if (fits && !begins.train.empty() && (held == 0 || !begins.test.empty())) return begins;
  return invalid(
      fmt::format("{}: {} rows, {} of them held out, give {} training and {} test windows of {} rows with {} to tell; "
                  "give more rows, a smaller window or horizon, or another test_fraction",
                  where, rows, held, begins.train.size(), begins.test.size(), o.window, o.horizon));
}

}  // namespace

Result<DataPair> load_series(const DataSource& source) {
  CsvTable table = TRY(load_csv(source.path, source.csv));
  RETURN_IF_ERROR(check_options(source.series, table.name));
  DataPair pair;
  pair.understood = Json::object();
  Columns values = TRY(read_values(source, table, pair.understood));
  RETURN_IF_ERROR(choose_targets(source, table.name, values, pair.understood));
  const Begins begins = TRY(cut_windows(source, values.rows, table.name));
  pair.train = windows_at(begins.train, values, source.series);
  pair.test = windows_at(begins.test, values, source.series);
  Preparation preparation = TRY(series_preparation(measured(values, begins.cut), source.series.window));
  for (size_t target : values.targets) preparation.targets.push_back(values.names[target]);
  preparation.facts.set("series", Json::object({{"window", source.series.window},
                                                {"horizon", source.series.horizon},
                                                {"time", source.series.time}}));
  if (Json reading = to_json(source.csv); !reading.members().empty()) preparation.facts.set("csv", reading);
  for (Dataset* part : {&pair.train, &pair.test}) {
    RETURN_IF_ERROR(scale(preparation, source.series.window, *part));
    part->preparation = std::make_shared<Preparation>(preparation);
  }
  pair.train.name = table.name;
  pair.test.name = table.name + " (last rows)";
  pair.source = fmt::format("series in {}", source.path.string());
  if (!begins.test.empty()) {
    pair.understood.set("forecast", forecasts(begins.test, values, begins.cut, source.series));
    RETURN_IF_ERROR(check(pair.test));
  }
  pair.understood.set("split", begins.test.empty() ? std::string("nothing is held out")
                                                   : fmt::format("the last {} of {} rows are told by the test only",
                                                                 values.rows - begins.cut, values.rows));
  RETURN_IF_ERROR(check(pair.train));
  return pair;
}

}  // namespace slipway
