// Shapes: the sizes of a tensor's dimensions, outermost first, row-major.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace slipway {

using Shape = std::vector<int64_t>;

// The product of the sizes; 1 for a scalar. Requires: every size >= 0 and no overflow (see checked_count).
int64_t element_count(std::span<const int64_t> shape);
// The same for sizes that come from outside: an error for a negative size or a product over 2^48, zeros left out (so
// that strides fit too).
Result<int64_t> checked_count(std::span<const int64_t> shape);
// Elements between neighbours along each dimension.
Shape row_major_strides(std::span<const int64_t> shape);
// "[2, 3]"; "[]" for a scalar.
std::string to_string(std::span<const int64_t> shape);
// NumPy's rule (ONNX "Multidirectional Broadcasting"): the common shape, or an error that names the dimensions.
Result<Shape> broadcast(std::span<const int64_t> a, std::span<const int64_t> b);
// `axis` counted from the end when negative; an error outside [-rank, rank).
Result<int64_t> normalize_axis(int64_t axis, int64_t rank);

}  // namespace slipway
