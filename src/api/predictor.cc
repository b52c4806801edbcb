// Predictor: the public side of a model with its preparation.
#include "slipway/predictor.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "data/csv.h"
#include "data/json_rows.h"
#include "data/open_model.h"
#include "predict/raw_model.h"
#include "predict/raw_reader.h"

namespace slipway {

struct Predictor::State {
  RawModel model;
  CellOptions cells;
};

namespace {

// As a row of JSON says it, which is what the reader of rows knows.
Json json_of(const RawValue& value, RawInput::Kind kind) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* series = std::get_if<std::vector<double>>(&value)) return Json::array_of(*series);
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return {};
  const bool bytes = kind == RawInput::Kind::image || kind == RawInput::Kind::sound;
  return bytes ? Json::object({{"b64", base64_encode(*text)}}) : Json(*text);
}

Json json_of(const RawRow& row, const std::vector<RawInput>& inputs) {
  Json json = Json::object();
  for (const RawInput& input : inputs) {
    if (auto found = row.find(input.name); found != row.end()) json.set(input.name, json_of(found->second, input.kind));
  }
  return json;
}

Answer answer_of(const RawModel& model, std::span<const float> scores) {
  const std::vector<std::string>& classes = model.preparation().classes;
  Answer answer;
  answer.scores.assign(scores.begin(), scores.end());
  if (model.kind() == AnswerKind::numbers) return answer;
  const Best best = best_of(scores);
  answer.score = best.score;
  if (model.kind() != AnswerKind::labels) {
    answer.prediction = classes[best.index];
    return answer;
  }
  for (size_t c = 0; c < scores.size(); ++c) {
    if (scores[c] > 0.5f) answer.predictions.push_back(classes[c]);
  }
  return answer;
}

Result<std::vector<Answer>> answers_of(const RawModel& model, const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> outputs = TRY(model.run(inputs));
  if (outputs[0].dtype() != DType::f32 || outputs[0].rank() == 0 || outputs[0].dim(0) == 0) {
    return unsupported(fmt::format("the model answers {}, not float32 rows", to_string(outputs[0].type())));
  }
  const Tensor scores = model.scores(outputs[0]);
  const auto n = static_cast<size_t>(scores.dim(0)), width = static_cast<size_t>(scores.count()) / n;
  std::vector<Answer> answers;
  for (size_t i = 0; i < n; ++i) answers.push_back(answer_of(model, scores.data<float>().subspan(i * width, width)));
  return answers;
}

}  // namespace

Predictor::Predictor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

Result<Predictor> Predictor::load(const std::filesystem::path& model, int threads) {
  Result<RawModel> read = RawModel::create(TRY(open_model(model)), threads);
  if (!read.ok()) return read.status().at(model.string());
  const CellOptions cells = csv_options(read->preparation().facts["csv"]).cells;
  return Predictor(std::make_unique<State>(State{*std::move(read), cells}));
}

std::vector<RawColumn> Predictor::inputs() const {
  std::vector<RawColumn> columns;
  for (const RawInput& input : state_->model.inputs()) {
    columns.push_back({input.name, std::string(raw_kind_name(input.kind)), input.words});
  }
  return columns;
}

const std::vector<std::string>& Predictor::classes() const { return state_->model.preparation().classes; }
const std::vector<std::string>& Predictor::targets() const { return state_->model.preparation().targets; }

Result<std::vector<Answer>> Predictor::predict_rows(const std::vector<RawRow>& rows) const {
  if (rows.empty()) return std::vector<Answer>();
  std::vector<Json> objects;
  for (const RawRow& row : rows) objects.push_back(json_of(row, state_->model.inputs()));
  const std::vector<Tensor> raw = TRY(tensors_of(objects, state_->model.inputs(), state_->cells,
                                                 [](size_t row) { return fmt::format("row {}", row + 1); }));
  return answers_of(state_->model, raw);
}

Result<Answer> Predictor::predict(const RawRow& row) const { return TRY(predict_rows({row})).front(); }

Status Predictor::predict_files(const std::vector<std::filesystem::path>& files,
                                const std::function<Status(const Answer&)>& each) const {
  for (const std::filesystem::path& file : files) {
    std::unique_ptr<RawReader> reader = TRY(open_raw(file, state_->model));
    for (;;) {
      RawRows rows = TRY(reader->next(kRowsAtOnce));
      if (rows.ids.empty()) break;
      Result<std::vector<Answer>> answers = answers_of(state_->model, rows.inputs);
      if (!answers.ok()) return at_row(answers.status(), rows);
      for (size_t i = 0; i < answers->size(); ++i) {
        (*answers)[i].row = rows.ids[i];
        RETURN_IF_ERROR(each((*answers)[i]));
      }
    }
  }
  return {};
}

Result<std::vector<Answer>> Predictor::predict_files(const std::vector<std::filesystem::path>& files) const {
  std::vector<Answer> answers;
  RETURN_IF_ERROR(predict_files(files, [&](const Answer& answer) {
    answers.push_back(answer);
    return Status();
  }));
  return answers;
}

}  // namespace slipway
