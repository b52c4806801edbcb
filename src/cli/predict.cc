// slipway predict: what a model says of one's own data.
#include "predict/raw_model.h"

#include <cstdio>

#include <fmt/format.h>

#include "base/json.h"
#include "base/utf8.h"
#include "cli/verb.h"
#include "data/open_model.h"
#include "predict/raw_reader.h"
#include "predict/unseen_values.h"
#include "tensor/npy.h"

namespace slipway {

namespace {

struct Options {
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  std::filesystem::path out;
  std::string format;
  std::vector<std::string> echo;
  bool scores = false;
  int threads = 0;
};

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

// Writes answers as they come.
class Writer {
 public:
  Writer(const RawModel& predictor, const Options& options, std::FILE* to)
      : p_(predictor), options_(options), json_(options.format == "json"), to_(to) {}

  void begin(int64_t width) {
    if (json_) return;
    std::string line = "row";
    for (const std::string& name : options_.echo) line += "," + csv_cell(name);
    if (p_.kind() == AnswerKind::numbers) {
      for (const std::string& name : p_.answer_names(static_cast<size_t>(width))) {
        line += "," + csv_cell(width == 1 ? "prediction" : "prediction " + name);
      }
    } else {
      line += ",prediction,score";
    }
    if (options_.scores && p_.kind() != AnswerKind::numbers) {
      for (const std::string& name : p_.preparation().classes) line += "," + csv_cell("score " + name);
    }
    fmt::print(to_, "{}\n", line);
  }

  void add(const RawRows& rows, const Tensor& scores) {
    const size_t n = rows.ids.size(), width = static_cast<size_t>(scores.count()) / n;
    std::string text;
    for (size_t i = 0; i < n; ++i) {
      std::span<const float> row = scores.data<float>().subspan(i * width, width);
      text += json_ ? json_line(rows, i, row) : csv_line(rows, i, row);
    }
    std::fwrite(text.data(), 1, text.size(), to_);
  }

 private:
  // The class told; of several labels those that are likelier than not.
  std::string told(std::span<const float> row) const {
    const std::vector<std::string>& classes = p_.preparation().classes;
    if (p_.kind() != AnswerKind::labels) return classes[best_of(row).index];
    std::string text;
    for (size_t c = 0; c < row.size(); ++c) {
      if (row[c] > 0.5f) text += (text.empty() ? "" : ";") + classes[c];
    }
    return text;
  }

  std::string csv_line(const RawRows& rows, size_t i, std::span<const float> row) const {
    std::string line = csv_cell(rows.ids[i]);
    for (const auto& column : rows.columns) line += "," + csv_cell(column[i]);
    const bool numbers = p_.kind() == AnswerKind::numbers;
    if (!numbers) line += fmt::format(",{},{}", csv_cell(told(row)), best_of(row).score);
    if (numbers || options_.scores) {
      for (float x : row) line += fmt::format(",{}", x);
    }
    return line + "\n";
  }

  std::string json_line(const RawRows& rows, size_t i, std::span<const float> row) const {
    Json json = Json::object({{"row", rows.ids[i]}});
    for (size_t c = 0; c < rows.columns.size(); ++c) json.set(options_.echo[c], rows.columns[c][i]);
    if (p_.kind() == AnswerKind::numbers) {
      json.set("prediction", row.size() == 1 ? Json(row[0]) : numbers_json(row));
      return json.dump() + "\n";
    }
    json.set("prediction", told(row)).set("score", best_of(row).score);
    Json scores = Json::object();
    for (size_t c = 0; c < row.size(); ++c) scores.set(p_.preparation().classes[c], row[c]);
    return json.set("scores", scores).dump() + "\n";
  }

  // By their names where they have some.
  Json numbers_json(std::span<const float> row) const {
    if (p_.preparation().targets.empty()) return Json::array_of(row);
    Json json = Json::object();
    const std::vector<std::string> names = p_.answer_names(row.size());
    for (size_t i = 0; i < row.size(); ++i) json.set(names[i], row[i]);
    return json;
  }

  const RawModel& p_;
  const Options& options_;
  const bool json_;
  std::FILE* to_;
};

Result<std::string> format_of(const Options& options) {
  std::string format = options.format;
  if (format.empty() && options.out.has_extension()) format = options.out.extension().string().substr(1);
  if (format == "jsonl") format = "json";
  if (format.empty()) format = "csv";
  if (format == "csv" || format == "json" || format == "npy") return format;
  return invalid(fmt::format("{}: expected csv, json or npy", format));
}

// All answers side by side, for .npy.
Tensor joined(const std::vector<Tensor>& parts) {
  Shape shape = parts[0].shape();
  shape[0] = 0;
  for (const Tensor& part : parts) shape[0] += part.dim(0);
  Tensor all(DType::f32, shape);
  auto to = all.mutable_data<float>().begin();
  for (const Tensor& part : parts) to = std::ranges::copy(part.data<float>(), to).out;
  return all;
}

// Reads what is given and hands on its answers.
class Run {
 public:
  Run(const RawModel& predictor, const Options& options, std::FILE* to)
      : predictor_(predictor), options_(options), writer_(predictor, options, to), unseen_(predictor), to_(to) {}

  Status all() {
    for (const std::filesystem::path& path : options_.data) {
      const int64_t before = count_;
      std::unique_ptr<RawReader> reader = TRY(open_raw(path, predictor_, options_.echo));
      while (TRY(some(*reader))) {
      }
      if (count_ == before) return invalid(path.string() + ": there is no row in it");
    }
    for (const std::string& text : unseen_.texts()) fmt::print(stderr, "Note: {}\n", printable(text));
    if (options_.format == "npy") return save_npy(options_.out, joined(kept_));
    return std::ferror(to_) == 0 ? Status() : data_loss("writing the answers failed; is the disk full?");
  }

 private:
  // The next rows; whether there were any.
  Result<bool> some(RawReader& reader) {
    RawRows rows = TRY(reader.next(kRowsAtOnce));
    if (rows.ids.empty()) return false;
    Result<std::vector<Tensor>> ran = predictor_.run(rows.inputs);
    if (!ran.ok()) return at_row(ran.status(), rows);
    const std::vector<Tensor>& outputs = *ran;
    if (outputs[0].dtype() != DType::f32) {
      return unsupported(fmt::format("the model answers {}; slipway run shows it", to_string(outputs[0].type())));
    }
    Tensor scores = predictor_.scores(outputs[0]);
    if (options_.format == "npy") {
      kept_.push_back(scores);
    } else {
      if (count_ == 0) writer_.begin(scores.count() / static_cast<int64_t>(rows.ids.size()));
      writer_.add(rows, scores);
    }
    unseen_.add(rows.inputs);
    count_ += static_cast<int64_t>(rows.ids.size());
    return true;
  }

  const RawModel& predictor_;
  const Options& options_;
  Writer writer_;
  UnseenValues unseen_;
  std::FILE* to_;
  std::vector<Tensor> kept_;
  int64_t count_ = 0;
};

Status run(const Options& given) {
  Options options = given;
  options.format = TRY(format_of(options));
  if (options.format == "npy" && options.out.empty()) return invalid("npy goes to a file: give --out FILE.npy");
  Result<RawModel> predictor = RawModel::create(TRY(open_model(options.model)), options.threads);
  if (!predictor.ok()) return predictor.status().at(options.model.string());
  if (predictor->preparation().task == "language") {
    return invalid(options.model.string() + ": a language model goes on with a text: slipway generate");
  }
  if (options.out.empty() || options.format == "npy") return Run(*predictor, options, stdout).all();
  std::FILE* file = std::fopen(options.out.c_str(), "w");
  if (file == nullptr) return invalid(options.out.string() + ": cannot be written; check its folder");
  Status status = Run(*predictor, options, file).all();
  const bool closed = std::fclose(file) == 0;
  return status.ok() && !closed ? data_loss(options.out.string() + ": writing failed; is the disk full?") : status;
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model, "Model file, or STORE/NAME or STORE/NAME/VERSION").required();
  app.add_option(
         "DATA", options->data,
         "CSV, JSON lines, image, WAV, text, .npy, .npz, or a folder of files; several go one after the other; -: CSV "
         "from standard input")
      .required();
  app.add_option("--out", options->out, "File to write: .csv, .json (lines) or .npy (scores) [standard output]");
  app.add_option("--format", options->format, "csv, json (lines) or npy [by --out, else csv]")
      .check(one_of({"csv", "json", "npy"}));
  app.add_option("--echo", options->echo, "Columns of the data to repeat in the answers").delimiter(',');
  app.add_flag("--scores", options->scores, "In CSV a column per class with its score");
  app.add_option("--threads", options->threads, "Threads; by the work where none are given").check(between(1, 1024));
  return [options] { return run(*options); };
}

}  // namespace

VERB(predict) = {
    .name = "predict",
    .brief = "What a model says of raw data",
    .help = R"(Reads raw data, prepares it as training did (that is part of the model), and writes an answer per row.
A table's columns may come in any order, with others between them; what is missing may be empty.

  slipway predict houses.onnx new.csv --out prices.csv
  slipway predict models/digits photos/ --scores         files of a folder, by the version in production
  slipway predict speech.onnx one.wav two.wav --format json)",
    .declare = declare,
};

}  // namespace slipway
