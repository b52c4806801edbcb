// Front: a model's own preparation at work, from raw data to the tensors that the model takes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/preparation.h"
#include "runtime/session.h"
#include "tensor/named_rows.h"

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

  // The same from rows that another version may have been asked with: columns in any order, with others between them.
  // invalid_argument where one is missing or of another type.
  Result<std::vector<Tensor>> tensors(const NamedRows& rows) const;
  // `raw`, under the names of inputs().
  NamedRows named(std::vector<Tensor> raw) const;

  // Two fronts of one process that make the same of the same rows have the same one, never 0; others another.
  uint64_t identity() const { return identity_; }

 private:
  Front() = default;

  Preparation preparation_;
  std::vector<RawInput> inputs_;
  std::unique_ptr<Session> session_;
  std::vector<size_t> order_;  // of the front's outputs, by the model's inputs
  uint64_t identity_ = 1;
};

}  // namespace slipway
