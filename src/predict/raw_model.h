// RawModel: a model with its preparation, from raw data to answers.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/answer_meaning.h"
#include "data/front.h"

namespace slipway {

// Thread-safe.
class RawModel {
 public:
  // The model's sessions. invalid_argument says what is wrong with its preparation.
  static Result<RawModel> create(const Graph& model, int threads = 0);

  // What a row consists of: the front's inputs; of a model without a front its tensors.
  const std::vector<RawInput>& inputs() const { return inputs_; }
  const Preparation& preparation() const { return preparation_; }
  const std::vector<Port>& outputs() const { return model_->outputs(); }
  AnswerKind kind() const { return meaning_.kind; }
  // Of numbers: the name of each of a row's `width` answers, as far as the preparation tells: "price"; of a series
  // "price +1". Else "", and "1", "2", ….
  std::vector<std::string> answer_names(size_t width) const;
  bool probabilities() const { return meaning_.probabilities; }  // the first output is; else logits or numbers

  // The model's inputs from one tensor [n, …] for each of inputs(). Errors name the row, counted from 1 in what is
  // given.
  Result<std::vector<Tensor>> tensors(std::span<const Tensor> raw) const;
  // The model's outputs.
  Result<std::vector<Tensor>> run(std::span<const Tensor> raw) const;
  // Probabilities [n, classes] from the first output; of numbers the numbers [n, …].
  Tensor scores(const Tensor& output) const { return meaning_.scores(output); }

 private:
  RawModel() = default;

  Preparation preparation_;
  std::vector<RawInput> inputs_;
  std::shared_ptr<const Front> front_;  // nullptr: inputs are the model's
  std::unique_ptr<Session> model_;
  AnswerMeaning meaning_;
};

}  // namespace slipway
