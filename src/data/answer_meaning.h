// Answer meaning: what the first output of a model says, by its last operators and the classes that its data had.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/preparation.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

enum class AnswerKind : uint8_t {
  classes,  // [n, classes]: one of several
  binary,   // [n, 1]: how likely the second of two classes is
  labels,   // [n, classes]: each by itself
  numbers,  // anything else
};

struct AnswerMeaning {
  AnswerKind kind = AnswerKind::numbers;
  bool probabilities = false;  // the output is; else logits or numbers
  std::vector<std::string> classes;

  // Probabilities [n, classes] from the output; of numbers the numbers [n, …].
  Tensor scores(const Tensor& output) const;
};

AnswerMeaning answer_meaning(const Graph& model, const Preparation& preparation);

// The index of the likeliest of a row's scores, and its score. Requires: there are some.
struct Best {
  size_t index = 0;
  float score = 0;
};
Best best_of(std::span<const float> scores);

}  // namespace slipway
