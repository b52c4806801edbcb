// slipway evaluate: how good a model is on labelled data.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "data/open_model.h"
#include "predict/raw_reader.h"
#include "predict/scoring.h"

namespace slipway {

namespace {

constexpr int64_t kRows = 256;
constexpr size_t kMostSlices = 1000;

struct Options {
  std::filesystem::path model;
  std::filesystem::path data;
  std::string target;
  std::string slice;
  int threads = 0;
  std::filesystem::path picture;
  bool json = false;
};

// The rows of a batch for which `texts` is `value`.
Tensor rows_of(const Tensor& tensor, const std::vector<size_t>& rows) {
  Shape shape = tensor.shape();
  shape[0] = static_cast<int64_t>(rows.size());
  Tensor part(tensor.dtype(), shape);
  const size_t width = tensor.bytes() / static_cast<size_t>(tensor.dim(0));
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(static_cast<const std::byte*>(tensor.raw()) + rows[i] * width, width,
                static_cast<std::byte*>(part.mutable_raw()) + i * width);
  }
  return part;
}

Status add_slices(const RawModel& predictor, const std::vector<std::string>& values, const Tensor& output,
                  const Tensor& labels, std::map<std::string, Scores>& slices) {
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t i = 0; i < values.size(); ++i) groups[values[i]].push_back(i);
  for (const auto& [value, rows] : groups) {
    auto at = slices.find(value);
    if (at == slices.end()) {
      if (slices.size() == kMostSlices) {
        return invalid(fmt::format("--slice: the column has more than {} values", kMostSlices));
      }
      at = slices.emplace(value, TRY(Scores::create(predictor))).first;
    }
    at->second.add(rows_of(output, rows), rows_of(labels, rows));
  }
  return {};
}

void print_classes(const Json& result) {
  Table table({"class", "precision", "recall", "f1", "examples"});
  for (const Json& each : result["classes"].items()) {
    table.add({each["name"].as_string(), fmt::format("{:.4f}", each["precision"].as_double()),
               fmt::format("{:.4f}", each["recall"].as_double()), fmt::format("{:.4f}", each["f1"].as_double()),
               fmt::format("{}", each["examples"].as_int())});
  }
  fmt::print("{}", table.text());
  constexpr size_t kMostShown = 12;
  const Json::Array& rows = result["confusion_matrix"].items();
  const Json::Array& classes = result["classes"].items();
  const bool square = std::ranges::all_of(rows, [&](const Json& row) { return row.items().size() == rows.size(); });
  if (classes.size() > kMostShown || rows.size() > classes.size() || !square) return;  // labels have one each
  std::vector<std::string> header = {"truth \\ told"};
  for (const Json& each : classes) header.push_back(each["name"].as_string());
  Table confusion(header);
  for (size_t r = 0; r < rows.size(); ++r) {
    std::vector<std::string> cells = {header[r + 1]};
    for (const Json& count : rows[r].items()) cells.push_back(fmt::format("{}", count.as_int()));
    confusion.add(cells);
  }
  fmt::print("{}", confusion.text());
}

// Whether scores are what they claim: for each tenth of them how often the answer is right.
void print_calibration(const Json& calibration) {
  Table table({"score", "answers", "mean score", "right"});
  for (const Json& bin : calibration["bins"].items()) {
    table.add({fmt::format("{:.1f} to {:.1f}", bin["low"].as_double(), bin["high"].as_double()),
               fmt::format("{}", bin["examples"].as_int()), fmt::format("{:.4f}", bin["confidence"].as_double()),
               fmt::format("{:.4f}", bin["accuracy"].as_double())});
  }
  fmt::print("{}Calibration error {:.4f}\n", table.text(), calibration["ece"].as_double());
}

// Without --target, what the column is called that was looked for in vain.
Status with_target(const Options& options, const std::vector<std::string>& columns, const Status& status) {
  const bool missing = options.target.empty() && !columns.empty() &&
                       status.message().find(fmt::format("no column \"{}\"", columns[0])) != std::string::npos;
  return missing ? Status(status.code(), status.message() + "; --target names the column that has the truth") : status;
}

std::string line_of(const Json& result) {
  std::string text = fmt::format("{} examples", result["examples"].as_int());
  for (const auto& [name, value] : result.members()) {
    if (value.is_number() && name != "examples") text += fmt::format("  {} {:.4f}", name, value.as_double());
  }
  return text;
}

Status run(const Options& options) {
  Result<RawModel> predictor = RawModel::create(TRY(open_model(options.model)), options.threads);
  if (!predictor.ok()) return predictor.status().at(options.model.string());
  std::vector<std::string> columns = TRY(truth_columns(*predictor, options.target));
  const size_t slice = columns.size();
  if (!options.slice.empty()) columns.push_back(options.slice);
  std::unique_ptr<RawReader> reader = TRY(open_raw(options.data, *predictor, columns, true));
  Scores scores = TRY(Scores::create(*predictor));
  std::map<std::string, Scores> slices;
  for (;;) {
    Result<RawRows> read = reader->next(kRows);
    if (!read.ok()) return with_target(options, columns, read.status());
    const RawRows& rows = *read;
    if (rows.ids.empty()) break;
    Result<std::vector<Tensor>> ran = predictor->run(rows.inputs);
    if (!ran.ok()) return at_row(ran.status(), rows);
    const std::vector<Tensor>& outputs = *ran;
    const Tensor labels = TRY(labels_of(*predictor, rows, options.data.string()));
    scores.add(outputs[0], labels);
    if (options.slice.empty()) continue;
    RETURN_IF_ERROR(add_slices(*predictor, rows.columns[slice], outputs[0], labels, slices));
  }
  Json result = scores.result();
  if (result["examples"].as_int() == 0) return invalid(options.data.string() + ": there is no row in it");
  Json parts = Json::object();
  for (const auto& [value, part] : slices) parts.set(value, part.result());
  if (!slices.empty()) result.set("slices", parts);
  if (!options.picture.empty()) {
    RETURN_IF_ERROR(write_file_atomic(options.picture, score_picture(result, scores.numbers())));
  }
  if (options.json) {
    fmt::print("{}\n", result.dump(2));
    return {};
  }
  fmt::print("{}\n", line_of(result));
  if (!result["classes"].is_null()) {
    print_classes(result);
    print_calibration(result["calibration"]);
  }
  for (const auto& [value, part] : parts.members()) fmt::print("{} {}: {}\n", options.slice, value, line_of(part));
  return {};
}

std::function<Status()> declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model, "Model file, or STORE/NAME or STORE/NAME/VERSION")->required();
  app.add_option("DATA", options->data, "Labelled data: CSV, JSON lines, or a folder with a folder per class")
      ->required();
  app.add_option("--target", options->target, "The column that has the truth [what the model was trained to tell]");
  app.add_option("--slice", options->slice, "Also measure the rows of each value of this column by themselves");
  app.add_option("--threads", options->threads, "Threads; by the work where none are given")
      ->check(CLI::Range(1, 1024));
  app.add_option("--picture", options->picture, "Write what is measured as a picture (SVG) to this file");
  app.add_flag("--json", options->json, "For machines: all metrics, classes, confusion matrix, calibration, slices");
  return [options] { return run(*options); };
}

}  // namespace

VERB(evaluate) = {
    .name = "evaluate",
    .brief = "How good a model is on labelled data",
    .help =
        R"(Answers every row of raw, labelled data and compares with the truth: all metrics of the task, precision and
recall of each class, who was taken for whom, and whether scores say how sure the model may be (calibration).

  slipway evaluate churn.onnx test.csv
  slipway evaluate churn.onnx test.csv --slice country --json
  slipway evaluate shapes.onnx photos/test --picture shapes.svg)",
    .declare = declare,
};

}  // namespace slipway
