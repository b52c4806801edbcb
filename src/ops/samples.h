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

}  // namespace slipway::ops
