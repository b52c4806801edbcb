// slipway threshold: learns the threshold detector's k from labelled series.
#include <strings.h>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "data/csv.h"
#include "monitor/detector.h"
#include "monitor/threshold.h"
#include "train/threshold.h"

namespace slipway {

extern const Detector detector_threshold;  // its parameters are the defaults here

namespace {

struct Options {
  std::vector<std::filesystem::path> series;
  std::filesystem::path out;
  std::string value = "value";
  std::string label = "label";
  bool json = false;
};

struct Labelled {
  std::vector<double> z;
  std::vector<int> labels;
};

Result<size_t> column(const CsvTable& table, const std::string& name) {
  for (size_t i = 0; i < table.header.size(); ++i) {
    if (::strcasecmp(table.header[i].c_str(), name.c_str()) == 0) return i;
  }
  std::string names;
  for (const std::string& header : table.header) names += (names.empty() ? "" : ", ") + header;
  return invalid(fmt::format("{}: no column \"{}\"; it has {}", table.name, name, names));
}

Result<double> number(const CsvTable& table, size_t row, size_t column) {
  const std::string& cell = table.rows[row][column];
  char* end = nullptr;
  double x = std::strtod(cell.c_str(), &end);
  if (!cell.empty() && *end == '\0') return x;
  return invalid(fmt::format("{}:{}: column \"{}\": expected a number, found \"{}\"", table.name, table.lines[row],
                             table.header[column], cell));
}

Status add_series(const std::filesystem::path& path, const Options& options, Labelled& all) {
  CsvTable table = TRY(parse_csv(TRY(read_file(path)), path.string()));
  size_t value = TRY(column(table, options.value)), label = TRY(column(table, options.label));
  std::vector<double> x;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    x.push_back(TRY(number(table, row, value)));
    all.labels.push_back(TRY(number(table, row, label)) != 0 ? 1 : 0);
  }
  auto value_of = [](const char* name) { return parameter(detector_threshold, name, {}); };
  std::vector<double> z = deviations(x, static_cast<size_t>(value_of("reference")),
                                     static_cast<size_t>(value_of("minimum")), value_of("floor"));
  all.z.insert(all.z.end(), z.begin(), z.end());
  return {};
}

Status run(const Options& options) {
  Labelled all;
  for (const std::filesystem::path& path : options.series) RETURN_IF_ERROR(add_series(path, options, all));
  train::ThresholdFit fit = TRY(train::learn_threshold(all.z, all.labels));
  ThresholdModel model;
  model.k = fit.k;
  model.examples = static_cast<int64_t>(all.z.size());
  model.f1 = fit.f1;
  model.trained_on = fmt::format("{} series", options.series.size());
  double before = train::f1_score(all.z, all.labels, ThresholdModel().k);
  if (!options.out.empty()) RETURN_IF_ERROR(write_file_atomic(options.out, model.to_json().dump(2) + "\n"));
  if (options.json) {
    fmt::print("{}\n", model.to_json().dump());
    return {};
  }
  fmt::print("{}", table_text({"THRESHOLD", "K", "F1"},
                              {{"default", "2", fmt::format("{:.3f}", before)},
                               {"learned", fmt::format("{:.3f}", fit.k), fmt::format("{:.3f}", fit.f1)}}));
  if (!options.out.empty())
    fmt::print("Wrote {}; use it with slipway serve --threshold {}\n", options.out.string(), options.out.string());
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("SERIES", options->series, "CSV files, a value and a label of 0 or 1 in each row").required();
  app.add_option("-o,--out", options->out, "Write the threshold to this file (JSON)");
  app.add_option("--value", options->value, "Name of the value column");
  app.add_option("--label", options->label, "Name of the label column");
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(threshold) = {
    .name = "threshold",
    .brief = "Learn from labelled series how many deviations make an alarm",
    .help =
        "The detector raises an alarm when |x - mean| > k sigma. k is 2 until it is learned from labelled data by\n"
        "gradient descent.\n"
        "  slipway threshold latency.csv errors.csv -o threshold.json\n"
        "  slipway serve models --threshold threshold.json\n",
    .declare = declare,
};

}  // namespace slipway
