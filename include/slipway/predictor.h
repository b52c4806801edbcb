// Predictor: a trained model on raw data, which it prepares as it was trained.
//
//   Result<Predictor> prices = Predictor::load("houses.onnx");
//   Result<Answer> answer = prices->predict({{"area", 131.8}, {"town", "Bern"}, {"since", "2020-01-31"}});
//   answer->scores[0];                                   // 512000, in the target's own unit
//
//   Result<Predictor> shapes = Predictor::load("models/shapes");   // a store's version in production
//   Result<std::vector<Answer>> answers = shapes->predict_files({"photos"});
//   answers->front().prediction;                         // "circle"
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"

namespace slipway {

// A cell that says nothing; a number; a text, a category, a date (2024-05-31) or the bytes of a file; the last values
// of a series.
class RawValue : public std::variant<std::monostate, double, std::string, std::vector<double>> {
 public:
  using variant::variant;
  RawValue(int number) : variant(static_cast<double>(number)) {}
  RawValue(const char* text) : variant(std::string(text)) {}
};

// By the names of Predictor::inputs(); others are passed over.
using RawRow = std::map<std::string, RawValue>;

struct RawColumn {
  std::string name;
  std::string kind;   // "number", "category", "date", "text", "image", "sound", "series" or "tensor"
  std::string words;  // what becomes of it: "missing counts as 3.2; mean 3.1, deviation 0.4"; may be empty
};

struct Answer {
  std::string row;                       // of predict_files(): its line or its file
  std::string prediction;                // the likeliest class; of several labels none, of numbers none
  std::vector<std::string> predictions;  // of several labels those that are likelier than not
  float score = 0;                       // of the likeliest class or label, 0 to 1
  std::vector<float> scores;             // of each of classes(); of numbers what is told, as targets() names it
};

// Thread-safe while const. Movable.
class Predictor {
 public:
  // A model file, a version's folder in a store (STORE/NAME/VERSION) or a model's folder there (its version in
  // production). `threads` 0: by the work. Errors say what the file lacks.
  static Result<Predictor> load(const std::filesystem::path& model, int threads = 0);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  // What a row consists of; of a model without a preparation its tensors, which only predict_files() reads.
  std::vector<RawColumn> inputs() const;
  const std::vector<std::string>& classes() const;  // none: the model tells numbers
  const std::vector<std::string>& targets() const;  // names of what it tells, as far as its data named them

  // One answer for each row. Errors name the row, from 1, and the column: one that is not there (a RawValue() says
  // that its value is missing), a text in place of a number.
  Result<std::vector<Answer>> predict_rows(const std::vector<RawRow>& rows) const;
  Result<Answer> predict(const RawRow& row) const;

  // Answers for tables, JSON lines, images, sounds, texts, arrays, and folders of files, in order. With `each`, which
  // may end it by an error, memory does not grow with the rows of a table.
  Status predict_files(const std::vector<std::filesystem::path>& files,
                       const std::function<Status(const Answer&)>& each) const;
  Result<std::vector<Answer>> predict_files(const std::vector<std::filesystem::path>& files) const;

 private:
  struct State;
  explicit Predictor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway
