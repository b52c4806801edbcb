// Sizes and ranks that follow from attributes and inputs of a file, which may hold any number.
#pragma once

#include "ops/infer.h"

namespace slipway::ops {

// No dimension goes beyond (as in checked_count).
inline constexpr int64_t kLargestSize = int64_t{1} << 48;
// No window, stride or pad goes beyond: a product of two and a size still fit into 64 bits.
inline constexpr int64_t kLargestStep = (int64_t{1} << 31) - 1;

// An error unless every value lies in -kLargestStep..kLargestStep. `what` names them.
Status expect_steps(std::span<const int64_t> values, std::string_view what);

// Dimensions all unknown, `length` of them, which is the known length of an input that holds a shape or axes, and
// `more`. An error for a rank that no tensor has.
Result<Dims> unknown_dims_of_length(const Dim& length, size_t more);

}  // namespace slipway::ops
