// Predictor: a model with its preparation, from raw data to answers.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/preparation.h"
#include "runtime/session.h"

namespace slipway {

// What the first output of a model says.
enum class AnswerKind : uint8_t {
  classes,  // [n, classes]: one of several
  binary,   // [n, 1]: how likely the second of two classes is
  labels,   // [n, classes]: each by itself
  numbers,  // anything else
};

// Thread-safe.
class Predictor {
 public:
  // The model's sessions. invalid_argument says what is wrong with its preparation.
  static Result<Predictor> create(const Graph& model, int threads = 0);

  // What a row consists of: the front's inputs; of a model without a front its tensors.
  const std::vector<RawInput>& inputs() const { return inputs_; }
  const Preparation& preparation() const { return preparation_; }
  const std::vector<Port>& outputs() const { return model_->outputs(); }
  AnswerKind kind() const { return kind_; }
  bool probabilities() const { return probabilities_; }  // the first output is; else logits or numbers

  // The model's inputs from one tensor [n, …] for each of inputs(). Errors name the row, counted from 1 in what is
  // given.
  Result<std::vector<Tensor>> tensors(std::span<const Tensor> raw) const;
  // The model's outputs.
  Result<std::vector<Tensor>> run(std::span<const Tensor> raw) const;
  // Probabilities [n, classes] from the first output; of numbers the numbers [n, …].
  Tensor scores(const Tensor& output) const;

 private:
  Predictor() = default;

  Preparation preparation_;
  std::vector<RawInput> inputs_;
  std::unique_ptr<Session> front_;  // nullptr: inputs are the model's
  std::unique_ptr<Session> model_;
  std::vector<size_t> order_;  // of the front's outputs, by the model's inputs
  AnswerKind kind_ = AnswerKind::numbers;
  bool probabilities_ = false;
};

// Writes the index of the likeliest of a row's scores and gives its score.
struct Best {
  size_t index = 0;
  float score = 0;
};
Best best_of(std::span<const float> scores);

}  // namespace slipway
