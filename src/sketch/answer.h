// Answer: what one output row of a model says, read the same way in training's baseline and in service.
#pragma once

#include <cstdint>
#include <span>

namespace slipway {

struct RowAnswer {
  bool finite = true;     // false: a NaN or an infinity among the outputs; the rest says nothing then
  int64_t category = -1;  // the predicted class; -1: the model names none
  float confidence = 0;   // the probability of that class, in [0, 1]; 0 without a class
  float value = 0;        // the output itself when it is a single number
};

// Two or more outputs: the class is the largest; its confidence is the output itself when the row is a distribution
// (in [0, 1], sum 1 within 0.01), else its softmax. A single output in [0, 1] is the probability of class 1.
RowAnswer read_answer(std::span<const float> row);

}  // namespace slipway
