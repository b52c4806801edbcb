// Front: a model's own preparation at work, from raw data to the tensors that the model takes.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/preparation.h"
#include "runtime/session.h"

namespace slipway {

// Thread-safe.
class Front {
 public:
  // nullptr where the model takes its tensors as they are. invalid_argument says what is wrong with its preparation.
  static Result<std::shared_ptr<const Front>> create(const Graph& model, const SessionOptions& options = {});

  const Preparation& preparation() const { return preparation_; }
  // What a row consists of.
  const std::vector<RawInput>& inputs() const { return inputs_; }

  // The model's inputs, in its order, from one tensor [n, …] for each of inputs(). Errors name the row, counted from 1
  // in what is given.
  Result<std::vector<Tensor>> tensors(std::span<const Tensor> raw) const;

 private:
  Front() = default;

  Preparation preparation_;
  std::vector<RawInput> inputs_;
  std::unique_ptr<Session> session_;
  std::vector<size_t> order_;  // of the front's outputs, by the model's inputs
};

}  // namespace slipway
