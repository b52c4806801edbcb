// Sizes and ranks from files.
#include "ops/sizes.h"

#include <fmt/format.h>

namespace slipway::ops {

Status expect_steps(std::span<const int64_t> values, std::string_view what) {
  for (int64_t value : values) {
    if (value < -kLargestStep || value > kLargestStep) {
      return invalid(fmt::format("{} holds {}; expected at most {}", what, value, kLargestStep));
    }
  }
  return {};
}

Result<Dims> unknown_dims_of_length(const Dim& length, size_t more) {
  constexpr int64_t kHighestRank = 1024;
  if (length.size > kHighestRank) {
    return invalid(
        fmt::format("an input of {} elements names dimensions; expected at most {}", length.size, kHighestRank));
  }
  return unknown_dims(static_cast<size_t>(length.size) + more);
}

}  // namespace slipway::ops
