// Likeness: how near the answers of a changed model are to those of the model it was made of.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

// Inputs of runs: one entry per run, one tensor per input of the model.
using Runs = std::vector<std::vector<Tensor>>;

// Of several outputs each figure is the worst.
struct Likeness {
  double cosine = 1;  // of all elements of an output: a·b / (|a| |b|); NaN where the changed model answers NaN
  double snr_db = std::numeric_limits<double>::infinity();  // 10 log10(sum a² / sum (a - b)²)
  // 1 - sum (a - b)² / sum (a - mean)², the mean being that of each element over the rows: what is left of the
  // differences between rows. Absent where the answers are alike in all rows, or rows have several sizes.
  std::optional<double> explained;
  // Share of rows [rows, classes], or steps [rows, steps, classes], whose largest element is the same, and of whole
  // numbers that are. Absent where no output has any.
  std::optional<double> agreement;
};
Json to_json(const Likeness& likeness);

// The answers of one model on some inputs, to hold others against. Not thread-safe.
class AnswerJudge {
 public:
  // Runs the model. Outputs without numbers (text, sequences) do not count.
  static Result<AnswerJudge> create(const Graph& original, Runs runs);
  // invalid_argument where the changed model's outputs have other types.
  Result<Likeness> judge(const Graph& changed) const;

 private:
  Runs runs_;
  Runs answers_;
};

}  // namespace slipway
