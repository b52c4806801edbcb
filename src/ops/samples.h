// Short spellings for the sample cases of cards.
#pragma once

#include "graph/operator.h"

namespace slipway::ops {

// Uniform numbers in [low, high].
inline Sample::Input random_input(Shape shape, double low = -1, double high = 1, DType dtype = DType::f32) {
  return {.type = {dtype, std::move(shape)}, .low = low, .high = high};
}

inline Sample::Input given(Tensor value, bool constant = false) {
  TensorType type = value.type();
  return {.type = std::move(type), .value = std::move(value), .constant = constant};
}

inline Sample::Input omitted() { return {}; }

// Two operands of every broadcasting form: same shape, scalar, row, channel, both stretched. The second is uniform in
// [low, high].
std::vector<Sample> binary_samples(double low, double high, DType dtype = DType::f32);
inline std::vector<Sample> binary_samples() { return binary_samples(-1, 1); }

// One operand of two shapes, uniform in [low, high].
std::vector<Sample> unary_samples(double low, double high, Attributes attributes = {}, DType dtype = DType::f32);
inline std::vector<Sample> unary_samples() { return unary_samples(-3, 3); }

}  // namespace slipway::ops
