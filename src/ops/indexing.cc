// Shapes of GatherND and ScatterND.
#include "ops/indexing.h"

#include <fmt/format.h>

namespace slipway::ops {

Result<kernels::Reduction> reduction_of(const Node& node) {
  using kernels::Reduction;
  std::string name = node.text("reduction");
  if (name == "none") return Reduction::none;
  if (name == "add") return Reduction::add;
  if (name == "mul") return Reduction::mul;
  if (name == "min") return Reduction::min;
  if (name == "max") return Reduction::max;
  return invalid(fmt::format("reduction is \"{}\"; expected none, add, mul, min or max", name));
}

kernels::GatherNdShape gather_nd_shape(const Shape& x, const Shape& indices, int64_t batch) {
  kernels::GatherNdShape s;
  s.k = static_cast<int>(indices.back());
  auto lead = static_cast<size_t>(batch);
  std::span<const int64_t> dims = x;
  std::span<const int64_t> places = indices;
  s.batch = element_count(dims.first(lead));
  s.count = element_count(places.subspan(lead, places.size() - 1 - lead));
  for (int d = 0; d < s.k; ++d) s.dims[static_cast<size_t>(d)] = x[lead + static_cast<size_t>(d)];
  s.slice = element_count(dims.subspan(lead + static_cast<size_t>(s.k)));
  return s;
}

Result<std::optional<Dims>> gather_nd_dims(const Dims& x, const Dims& indices, int64_t batch) {
  auto rank = static_cast<int64_t>(x.size());
  if (indices.empty() || batch < 0 || batch >= static_cast<int64_t>(indices.size()) || batch >= rank) {
    return invalid(
        fmt::format("batch_dims {} does not fit data {} and indices {}", batch, to_string(x), to_string(indices)));
  }
  const Dim& k = indices.back();
  if (!k.known()) return std::optional<Dims>();
  if (k.size < 0 || k.size > rank - batch || k.size > kernels::kMaxRank) {
    return invalid(fmt::format("indices {} name {} dimensions of data {}, which has {} after batch_dims",
                               to_string(indices), k.size, to_string(x), rank - batch));
  }
  Dims y(indices.begin(), indices.end() - 1);
  y.insert(y.end(), x.begin() + batch + k.size, x.end());
  return std::optional(std::move(y));
}

}  // namespace slipway::ops
