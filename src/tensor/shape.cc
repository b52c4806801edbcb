// Shapes: counting, strides, broadcasting.
#include "tensor/shape.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway {

int64_t element_count(std::span<const int64_t> shape) {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  return n;
}

Result<int64_t> checked_count(std::span<const int64_t> shape) {
  constexpr int64_t kMost = int64_t{1} << 48;
  int64_t n = 1;  // zeros left out: they would hide sizes whose strides overflow
  for (int64_t size : shape) {
    if (size < 0) return invalid(fmt::format("shape {} has a negative size", to_string(shape)));
    if (size != 0 && n > kMost / size) return invalid(fmt::format("shape {} is too large", to_string(shape)));
    n *= std::max<int64_t>(size, 1);
  }
  return std::ranges::find(shape, 0) == shape.end() ? n : 0;
}

Shape row_major_strides(std::span<const int64_t> shape) {
  Shape strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

std::string to_string(std::span<const int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Result<Shape> broadcast(std::span<const int64_t> a, std::span<const int64_t> b) {
  Shape out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      return invalid(fmt::format("shapes {} and {} do not broadcast: {} against {} in dimension -{}", to_string(a),
                                 to_string(b), x, y, i + 1));
    }
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

Result<int64_t> normalize_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    return invalid(fmt::format("axis {} is outside [-{}, {}) for a tensor of rank {}", axis, rank, rank, rank));
  }
  return axis < 0 ? axis + rank : axis;
}

}  // namespace slipway
