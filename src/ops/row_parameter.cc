// Scale and bias of normalizations.
#include "ops/row_parameter.h"

#include <algorithm>

#include <fmt/format.h>

#include "graph/builder.h"

namespace slipway::ops {

namespace {

// Sizes as those of x's last dimensions, and ones before them.
bool is_one_row(const Shape& parameter, const Shape& x, size_t axis) {
  const size_t lead = x.size() - parameter.size();
  for (size_t d = 0; d < x.size(); ++d) {
    const int64_t size = d < lead ? 1 : parameter[d - lead];
    if (size != (d < axis ? 1 : x[d])) return false;
  }
  return true;
}

bool broadcasts_to(const Shape& parameter, const Shape& x) {
  const size_t lead = x.size() - parameter.size();
  for (size_t d = lead; d < x.size(); ++d) {
    if (parameter[d - lead] != 1 && parameter[d - lead] != x[d]) return false;
  }
  return true;
}

}  // namespace

Result<RowParameter> RowParameter::make(const char* name, const TensorType& parameter, const Shape& x, size_t axis,
                                        kernels::ScratchLayout& layout) {
  RowParameter made;
  const Shape& own = parameter.shape;
  const int64_t row = element_count(std::span(x).subspan(axis));
  if (own.size() <= x.size() && is_one_row(own, x, axis)) return made;
  if (own.size() > x.size() || !broadcasts_to(own, x)) {
    if (parameter.count() == row) return made;
    return invalid(fmt::format("{} is {}; expected a shape that broadcasts to x {}", name, to_string(parameter),
                               to_string(std::span<const int64_t>(x))));
  }
  if (x.size() > kernels::kMaxRank) return unsupported(fmt::format("{} broadcasts over too many dimensions", name));
  const size_t lead = x.size() - own.size();
  const bool each = std::any_of(own.begin(), own.begin() + static_cast<int64_t>(axis > lead ? axis - lead : 0),
                                [](int64_t size) { return size != 1; });
  Shape spread(x.begin() + static_cast<int64_t>(each ? 0 : axis), x.end());
  const Shape to = row_major_strides(spread), from = row_major_strides(own);
  for (size_t i = 0; i < spread.size(); ++i) {
    const size_t d = x.size() - spread.size() + i;
    const bool repeats = d < lead || own[d - lead] == 1;
    made.copy_.push(spread[i], repeats ? 0 : from[d - lead], to[i]);
  }
  made.spreads_ = true;
  made.step_ = each ? row : 0;
  made.offset_ = layout.reserve(TensorType{parameter.dtype, spread}.bytes());
  return made;
}

Result<ValueId> one_row(Builder& b, ValueId parameter, ValueId x, int64_t axis) {
  std::optional<Shape> own = known_shape(b.dims(parameter));
  const Dims& dims = b.dims(x);
  const auto first = static_cast<size_t>(TRY(normalize_axis(axis, static_cast<int64_t>(dims.size()))));
  std::optional<Shape> row = known_shape(Dims(dims.begin() + static_cast<int64_t>(first), dims.end()));
  if (!own || !row) return parameter;
  if (element_count(*own) == element_count(*row)) return parameter;
  if (own->size() > row->size() || !broadcasts_to(*own, *row)) {
    return unsupported("no gradient of a normalization whose rows have scales of their own");
  }
  return b.op("Expand", {parameter, b.ints(*row)});
}

}  // namespace slipway::ops
