// slipway evaluate: how good a model is on labelled data.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/file.h"
#include "base/utf8.h"
#include "cli/answer_tables.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "data/kept_rows.h"
#include "data/open_model.h"
#include "predict/raw_reader.h"
#include "predict/scoring.h"
#include "predict/unseen_values.h"

namespace slipway {

namespace {

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

Status add_slices(const RawModel& predictor, const std::vector<std::string>& values, const Tensor& output,
                  const Tensor& labels, std::map<std::string, Scores>& slices) {
  std::map<std::string, std::vector<uint32_t>> groups;
  for (size_t i = 0; i < values.size(); ++i) groups[values[i]].push_back(static_cast<uint32_t>(i));
  for (const auto& [value, rows] : groups) {
    auto at = slices.find(value);
    if (at == slices.end()) {
      if (slices.size() == kMostSlices) {
        return invalid(fmt::format("--slice: the column has more than {} values", kMostSlices));
      }
      at = slices.emplace(value, TRY(Scores::create(predictor))).first;
    }
    at->second.add(rows_at(output, rows), rows_at(labels, rows));
  }
  return {};
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

// What all rows come to.
struct Measured {
  Scores scores;
  std::map<std::string, Scores> slices;
  UnseenValues unseen;
};

Result<Measured> measured(const Options& options, const RawModel& predictor) {
  std::vector<std::string> columns = TRY(truth_columns(predictor, options.target));
  const size_t slice = columns.size();
  if (!options.slice.empty()) columns.push_back(options.slice);
  std::unique_ptr<RawReader> reader = TRY(open_raw(options.data, predictor, columns, true));
  Measured all{.scores = TRY(Scores::create(predictor)), .slices = {}, .unseen = UnseenValues(predictor)};
  for (;;) {
    Result<RawRows> read = reader->next(kRowsAtOnce);
    if (!read.ok()) return with_target(options, columns, read.status());
    const RawRows& rows = *read;
    if (rows.ids.empty()) return all;
    Result<std::vector<Tensor>> ran = predictor.run(rows.inputs);
    if (!ran.ok()) return at_row(ran.status(), rows);
    const Tensor& output = ran->front();
    if (output.dtype() != DType::f32) {
      return unsupported(fmt::format("the model answers {}, not float32 rows", to_string(output.type())));
    }
    const Tensor labels = TRY(labels_of(predictor, rows, options.data.string()));
    all.scores.add(output, labels);
    all.unseen.add(rows.inputs);
    if (!options.slice.empty()) {
      RETURN_IF_ERROR(add_slices(predictor, rows.columns[slice], output, labels, all.slices));
    }
  }
}

Status run(const Options& options) {
  Result<RawModel> predictor = RawModel::create(TRY(open_model(options.model)), options.threads);
  if (!predictor.ok()) return predictor.status().at(options.model.string());
  const Measured all = TRY(measured(options, *predictor));
  Json result = all.scores.result();
  if (result["examples"].as_int() == 0) return invalid(options.data.string() + ": there is no row in it");
  Json parts = Json::object();
  for (const auto& [value, part] : all.slices) parts.set(value, part.result());
  if (!all.slices.empty()) result.set("slices", parts);
  if (const Json unseen = all.unseen.to_json(); !unseen.members().empty()) result.set("unseen_values", unseen);
  if (!options.picture.empty()) {
    RETURN_IF_ERROR(write_file_atomic(options.picture, score_picture(result, all.scores.numbers())));
  }
  for (const std::string& text : all.unseen.texts()) fmt::print(stderr, "Note: {}\n", printable(text));
  if (options.json) {
    fmt::print("{}\n", result.dump(2));
    return {};
  }
  fmt::print("{}\n", line_of(result));
  if (!result["classes"].is_null()) {
    fmt::print("{}", answers_text(result["confusion_matrix"], predictor->preparation().classes));
    print_calibration(result["calibration"]);
  }
  for (const auto& [value, part] : parts.members()) fmt::print("{} {}: {}\n", options.slice, value, line_of(part));
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model, "Model file, or STORE/NAME or STORE/NAME/VERSION").required();
  app.add_option("DATA", options->data, "Labelled data: CSV, JSON lines, or a folder with a folder per class")
      .required();
  app.add_option("--target", options->target, "The column that has the truth [what the model was trained to tell]");
  app.add_option("--slice", options->slice, "Also measure the rows of each value of this column by themselves");
  app.add_option("--threads", options->threads, "Threads; by the work where none are given").check(between(1, 1024));
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
