// Rules of the operators that move elements: where the rows go.
#include <algorithm>
#include <limits>

#include "ops/batch_rules.h"

namespace slipway::ops::batch {

namespace {

int64_t product(std::span<const int64_t> sizes) {
  int64_t all = 1;
  for (int64_t size : sizes) {
    if (__builtin_mul_overflow(all, size, &all)) return 0;
  }
  return all;
}

// Elements outside and inside of the rows: element (o * B + b) * after + i of the whole tensor belongs to row b.
struct Around {
  int64_t before = 0;
  int64_t after = 0;
};

Around around(const BatchNode& n) {
  const Shape& shape = n.shape(0);
  const BatchAxis& at = n.at(0);
  const std::span<const int64_t> sizes = shape;
  return {product(sizes.first(at.axis)) * at.outer, at.inner * product(sizes.subspan(at.axis + 1))};
}

// The axis of `dims` in which the rows lie when the elements keep their order.
Result<BatchAxis> placed(const Around& from, const std::vector<RowCount>& dims) {
  BatchAxis at{.axis = dims.size()};
  int64_t before = 1, after = 1, here = 0;
  for (size_t d = 0; d < dims.size(); ++d) {
    const RowCount& dim = dims[d];
    if (!dim.known || (dim.per_row != 0 && (dim.fixed != 0 || at.axis != dims.size()))) {
      return mixes("gives its output a size in which the rows are not apart");
    }
    if (dim.per_row != 0) {
      at.axis = d;
      here = dim.per_row;
    } else if (__builtin_mul_overflow(at.axis == dims.size() ? before : after, dim.fixed,
                                      at.axis == dims.size() ? &before : &after)) {
      return mixes("gives its output sizes that are too large");
    }
  }
  if (at.axis == dims.size() || before <= 0 || after <= 0 || from.before <= 0 || from.after <= 0 ||
      from.before % before != 0 || from.after % after != 0) {
    return mixes("joins elements of several rows in one");
  }
  at.outer = from.before / before;
  at.inner = from.after / after;
  if (at.outer * at.inner != here) return mixes("joins elements of several rows in one");
  return at;
}

// What -1 stands for, when there are `from` elements around each row.
Result<RowCount> remainder(const Around& from, const std::vector<RowCount>& dims, size_t wild) {
  int64_t others = 1, rows = 0, total = from.before * from.after;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (d == wild) continue;
    if (!dims[d].known || (dims[d].per_row != 0 && dims[d].fixed != 0)) return mixes("has a size that is not known");
    rows += dims[d].per_row != 0 ? 1 : 0;
    if (__builtin_mul_overflow(others, dims[d].per_row != 0 ? dims[d].per_row : dims[d].fixed, &others)) others = 0;
  }
  if (rows > 1 || others <= 0 || total <= 0 || total % others != 0) {
    return mixes("joins elements of several rows in one");
  }
  return rows == 1 ? RowCount{.fixed = total / others} : RowCount{.per_row = total / others};
}

// Axes from a known input, counted from the front of `rank`.
Result<std::vector<size_t>> known_axes(const BatchNode& n, size_t input, size_t rank) {
  std::optional<std::vector<int64_t>> axes = n.has(input) ? n.ints(input) : std::nullopt;
  if (!axes) return mixes("has axes that only runs tell");
  std::vector<size_t> counted;
  for (int64_t axis : *axes) counted.push_back(TRY(rule_axis(axis, rank)));
  return counted;
}

bool holds(const std::vector<size_t>& axes, size_t axis) { return std::ranges::find(axes, axis) != axes.end(); }

size_t count_below(const std::vector<size_t>& axes, size_t axis) {
  return static_cast<size_t>(std::ranges::count_if(axes, [&](size_t a) { return a < axis; }));
}

// The one size that B decides, and where; an error when there is none or more.
Result<std::pair<size_t, int64_t>> rows_among(const std::vector<RowCount>& sizes) {
  std::optional<std::pair<size_t, int64_t>> found;
  for (size_t d = 0; d < sizes.size(); ++d) {
    const RowCount& c = sizes[d];
    if (!c.known || (c.per_row != 0 && (c.fixed != 0 || c.per_row < 0 || found))) {
      return mixes("makes sizes from the number of rows in another way than one size for them");
    }
    if (c.per_row != 0) found = std::pair(d, c.per_row);
  }
  if (!found) return mixes("has no size for the rows");
  return *found;
}

// Along attribute `axis`, which must not be that of the rows; every input holds them in the same place.
BatchAxes aligned_but(const BatchNode& n, size_t axis) {
  for (size_t i = 0; i < n.size(); ++i) {
    if (!n.has(i)) continue;
    if (!n.split(i) || n.at(i) != n.at(0) || n.rank(i) != n.rank(0)) {
      return mixes("takes inputs of which not all hold the rows, or not in the same place");
    }
  }
  if (n.at(0).axis == axis) return mixes("works along the dimension of the rows");
  return std::vector{n.at(0)};
}

// Whether [begin, end) by `step` is all of a dimension of `size`.
bool takes_all(const RowCount& begin, const RowCount& end, const RowCount& step, const RowCount& size) {
  const bool to_the_end = end == size || (end.is_fixed() && end.fixed >= std::numeric_limits<int32_t>::max());
  return begin.is(0) && step.is(1) && to_the_end;
}

}  // namespace

BatchAxes reshape(const BatchNode& n) {
  if (!n.split(0)) return mixes("makes its output's sizes from the number of rows");
  std::optional<std::vector<RowCount>> to = n.counts(1);
  if (!to) return mixes("has a shape that only runs tell");
  const std::vector<RowCount> from = n.dims(0);
  const bool zero_copies = n.node().integer("allowzero") == 0;
  size_t wild = to->size();
  for (size_t d = 0; d < to->size(); ++d) {
    if ((*to)[d].is(-1)) wild = d;
    if ((*to)[d].is(0) && zero_copies && d < from.size()) (*to)[d] = from[d];
  }
  if (wild < to->size()) (*to)[wild] = TRY(remainder(around(n), *to, wild));
  return std::vector{TRY(placed(around(n), *to))};
}

BatchAxes flatten(const BatchNode& n) {
  TRY(rows_of_first(n));
  const int64_t rank = static_cast<int64_t>(n.rank(0));
  const int64_t axis = n.node().integer("axis") < 0 ? n.node().integer("axis") + rank : n.node().integer("axis");
  std::vector<RowCount> to = {{.fixed = 1}, {.fixed = 1}};
  const std::vector<RowCount> from = n.dims(0);
  for (size_t d = 0; d < from.size(); ++d) {
    RowCount& part = to[static_cast<int64_t>(d) < axis ? 0 : 1];
    const RowCount& dim = from[d];
    const int64_t rows = dim.per_row != 0 ? dim.per_row * part.fixed : part.per_row * dim.fixed;
    part = rows != 0 ? RowCount{.per_row = rows} : RowCount{.fixed = part.fixed * dim.fixed};
  }
  return std::vector{TRY(placed(around(n), to))};
}

BatchAxes squeeze(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (!n.has(1)) return mixes("drops the dimension of the rows when there is but one");
  std::vector<size_t> axes = TRY(known_axes(n, 1, n.rank(0)));
  if (holds(axes, at.axis)) return mixes("drops the dimension of the rows");
  at.axis -= count_below(axes, at.axis);
  return std::vector{at};
}

BatchAxes unsqueeze(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  std::vector<size_t> axes = TRY(known_axes(n, 1, n.out_type(0).shape.size()));
  size_t left = at.axis + 1;  // dimensions of the input that are still to come, the rows' own last
  for (size_t d = 0; d < n.out_type(0).shape.size(); ++d) {
    if (!holds(axes, d) && --left == 0) at.axis = d;
    if (left == 0) break;
  }
  return std::vector{at};
}

BatchAxes transpose(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  const size_t rank = n.rank(0);
  if (!n.node().has("perm")) {
    at.axis = rank - 1 - at.axis;
    return std::vector{at};
  }
  const std::vector<int64_t> perm = n.node().ints("perm");
  for (size_t d = 0; d < perm.size(); ++d) {
    if (TRY(rule_axis(perm[d], rank)) != n.at(0).axis) continue;
    at.axis = d;
    return std::vector{at};
  }
  return mixes("has no dimension of the rows in perm");
}

// Copies of something whole: every row has the same.
BatchAxes constant_of_shape(const BatchNode& n) {
  std::optional<std::vector<RowCount>> sizes = n.counts(0);
  if (!sizes) return mixes("has a shape that only runs tell");
  auto [axis, per_row] = TRY(rows_among(*sizes));
  return std::vector{BatchAxis{axis, 1, per_row}};
}

BatchAxes expand(const BatchNode& n) {
  std::optional<std::vector<RowCount>> sizes = n.counts(1);
  if (!sizes) return mixes("has a shape that only runs tell");
  if (!n.split(0) && !n.whole(0)) return mixes("spreads the number of rows");
  const size_t rank = n.out_type(0).shape.size(), lead = rank - sizes->size();
  if (!n.split(0)) {
    auto [axis, per_row] = TRY(rows_among(*sizes));
    const size_t at = axis + lead, own = rank - n.rank(0);
    if (at >= own && n.shape(0)[at - own] != 1) return mixes("spreads a size of its own over the rows");
    return std::vector{BatchAxis{at, 1, per_row}};
  }
  BatchAxis at = n.at(0);
  at.axis += rank - n.rank(0);
  for (size_t d = 0; d < sizes->size(); ++d) {
    const RowCount& size = (*sizes)[d];
    const bool here = d + lead == at.axis;
    if (here ? !size.is(1) && size != RowCount{.per_row = at.outer * at.inner} : !size.is_fixed()) {
      return mixes("spreads the rows over one another");
    }
  }
  return std::vector{at};
}

BatchAxes tile(const BatchNode& n) {
  std::optional<std::vector<RowCount>> repeats = n.counts(1);
  if (!repeats || repeats->size() != n.rank(0)) return mixes("has repeats that only runs tell");
  if (!n.split(0)) {
    if (!n.whole(0)) return mixes("repeats the number of rows");
    auto [axis, per_row] = TRY(rows_among(*repeats));
    return std::vector{BatchAxis{axis, 1, per_row * n.shape(0)[axis]}};
  }
  BatchAxis at = n.at(0);
  for (const RowCount& c : *repeats) {
    if (!c.is_fixed()) return mixes("repeats the rows by their number");
  }
  at.outer *= (*repeats)[at.axis].fixed;
  if (at.outer <= 0) return mixes("leaves no row");
  return std::vector{at};
}

BatchAxes aligned(const BatchNode& n) {
  if (!n.split(0)) return mixes("takes inputs of which not all hold the rows");
  return aligned_but(n, TRY(rule_axis(n.node().integer("axis"), n.rank(0))));
}

BatchAxes split(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (at.axis == TRY(rule_axis(n.node().integer("axis"), n.rank(0)))) return mixes("splits the dimension of the rows");
  return std::vector{at};
}

BatchAxes slice(const BatchNode& n) {
  if (!n.split(0)) return mixes("cuts something whole by the number of rows");
  std::optional<std::vector<RowCount>> begin = n.counts(1), end = n.counts(2);
  if (!begin || !end) return mixes("has bounds that only runs tell");
  std::vector<RowCount> step(begin->size(), RowCount{.fixed = 1});
  if (n.has(4) && n.counts(4)) step = *n.counts(4);
  if (n.has(4) && !n.counts(4)) return mixes("has steps that only runs tell");
  std::vector<size_t> axes;
  for (size_t d = 0; d < begin->size() && !n.has(3); ++d) axes.push_back(d);
  if (n.has(3)) axes = TRY(known_axes(n, 3, n.rank(0)));
  if (begin->size() != axes.size() || end->size() != axes.size() || step.size() != axes.size()) {
    return mixes("has bounds of another number than axes");
  }
  const std::vector<RowCount> dims = n.dims(0);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] == n.at(0).axis) {
      if (!takes_all((*begin)[i], (*end)[i], step[i], dims[axes[i]])) return mixes("cuts the dimension of the rows");
    } else if (!(*begin)[i].is_fixed() || !(*end)[i].is_fixed() || !step[i].is_fixed()) {
      return mixes("cuts by the number of rows");
    }
  }
  return std::vector{n.at(0)};
}

BatchAxes pad(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  std::optional<std::vector<int64_t>> pads = n.ints(1);
  if (!pads) return mixes("has pads that only runs tell");
  std::vector<size_t> axes;
  for (size_t d = 0; d < n.rank(0) && !n.has(3); ++d) axes.push_back(d);
  if (n.has(3)) axes = TRY(known_axes(n, 3, n.rank(0)));
  if (pads->size() != 2 * axes.size()) return mixes("has pads of another number than axes");
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] == at.axis && ((*pads)[i] != 0 || (*pads)[i + axes.size()] != 0)) return mixes("adds rows");
  }
  return std::vector{at};
}

BatchAxes gather(const BatchNode& n) {
  const size_t axis = TRY(rule_axis(n.node().integer("axis"), n.rank(0)));
  if (n.whole(0) && n.split(1)) {
    BatchAxis at = n.at(1);
    at.axis += axis;
    return std::vector{at};
  }
  BatchAxis at = TRY(rows_of_first(n));
  if (at.axis == axis) return mixes("picks among the rows");
  if (at.axis > axis) at.axis = at.axis + n.rank(1) - 1;
  return std::vector{at};
}

BatchAxes gather_nd(const BatchNode& n) {
  const int64_t paired = n.node().integer("batch_dims");
  if (!n.split(1) || n.at(1).axis + 1 >= n.rank(1)) return mixes("picks among the rows");
  if (n.whole(0) && paired == 0) return std::vector{n.at(1)};
  if (!n.split(0) || n.at(0) != n.at(1) || static_cast<int64_t>(n.at(0).axis) >= paired) {
    return mixes("picks among the rows");
  }
  return std::vector{n.at(0)};
}

BatchAxes one_hot(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  const size_t axis = TRY(rule_axis(n.node().integer("axis"), n.rank(0) + 1));
  at.axis += at.axis >= axis ? 1 : 0;
  return std::vector{at};
}

BatchAxes reverse_sequence(const BatchNode& n) {
  const size_t batch = TRY(rule_axis(n.node().integer("batch_axis"), n.rank(0)));
  const size_t time = TRY(rule_axis(n.node().integer("time_axis"), n.rank(0)));
  if (!n.split(0) || n.at(0).axis == time) return mixes("works along the dimension of the rows");
  BatchAxis lengths = n.at(0);
  lengths.axis = 0;
  const bool fits = n.at(0).axis == batch ? n.split(1) && n.at(1) == lengths : n.whole(1);
  if (!fits) return mixes("takes lengths that are not the rows' own");
  return std::vector{n.at(0)};
}

BatchAxes array_feature_extractor(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (n.rank(0) < 2 || at.axis + 1 == n.rank(0)) return mixes("picks among the rows");
  return std::vector{at};
}

}  // namespace slipway::ops::batch
