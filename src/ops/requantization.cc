// Types of requantized results.
#include "ops/requantization.h"

#include <fmt/format.h>

namespace slipway::ops {

Result<DType> requantized_dtype(const Node& node) {
  const auto dtype = static_cast<DType>(node.integer("dtype"));
  if (dtype == DType::u8 || dtype == DType::i8 || dtype == DType::f32) return dtype;
  return invalid(fmt::format("dtype is {}; expected 2 (uint8), 3 (int8) or 1 (float32)", node.integer("dtype")));
}

}  // namespace slipway::ops
