// Checks of numbers out of data.
#include "kernels/bounds.h"

#include <fmt/format.h>

#include "kernels/storage.h"

namespace slipway::kernels {

Status expect_inside(std::string_view what, DType dtype, const void* numbers, int64_t n, int64_t low, int64_t end) {
  return visit_index(dtype, [&]<typename I>(TypeTag<I>) -> Status {
    const I* x = static_cast<const I*>(numbers);
    for (int64_t i = 0; i < n; ++i) {
      if (x[i] >= low && x[i] < end) continue;
      return invalid(fmt::format("{} {} (element {}) is outside [{}, {})", what, x[i], i, low, end));
    }
    return {};
  });
}

Status expect_indices(DType dtype, const void* indices, int64_t n, int64_t size) {
  return expect_inside("index", dtype, indices, n, -size, size);
}

}  // namespace slipway::kernels
