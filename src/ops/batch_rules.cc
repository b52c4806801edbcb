// Rules of the operators that compute: which of a value's dimensions may be the rows'.
#include "ops/batch_rules.h"

#include <algorithm>

namespace slipway::ops::batch {

namespace {

// Along an axis that is not the rows'.
BatchAxes beside(const BatchNode& n, size_t axis) {
  BatchAxis at = TRY(rows_of_first(n));
  if (at.axis == axis) return mixes("works along the dimension of the rows");
  return std::vector{at};
}

}  // namespace

// Element by element, broadcast.
BatchAxes elementwise(const BatchNode& n) {
  const size_t rank = n.out_type(0).shape.size();
  std::optional<BatchAxis> at;
  for (size_t i = 0; i < n.size(); ++i) {
    if (!n.has(i) || n.whole(i)) continue;
    if (!n.split(i)) return mixes("computes with the number of rows");
    BatchAxis here = n.at(i);
    here.axis += rank - n.rank(i);
    if (at && here != *at) return mixes("has operands whose rows do not lie in the same place");
    at = here;
  }
  if (!at) return mixes("computes with the number of rows");
  for (size_t i = 0; i < n.size(); ++i) {
    const size_t lead = n.has(i) ? rank - n.rank(i) : rank;
    if (n.has(i) && n.whole(i) && at->axis >= lead && n.shape(i)[at->axis - lead] != 1) {
      return mixes("has an operand with a size of its own where the rows are");
    }
  }
  return std::vector{*at};
}

// Element by element of input 0, by numbers that are the same for all.
BatchAxes elementwise_of_first(const BatchNode& n) { return std::vector{TRY(rows_of_first(n))}; }

// Input 1 only lends its type.
BatchAxes cast_like(const BatchNode& n) {
  if (!n.split(0)) return mixes("computes with the number of rows");
  return std::vector{n.at(0)};
}

BatchAxes dropout(const BatchNode& n) {
  std::optional<std::vector<int64_t>> training = n.has(2) ? n.ints(2) : std::vector<int64_t>{0};
  if (!training || training->size() != 1 || (*training)[0] != 0) return mixes("drops by an element's place");
  return elementwise_of_first(n);
}

// One scale for all, or one for each index of an axis that is not the rows'.
BatchAxes quantize(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (n.rank(1) == 0 || (n.rank(1) == 1 && n.shape(1)[0] == 1)) return std::vector{at};
  if (n.rank(1) != 1 || TRY(rule_axis(n.node().integer("axis"), n.rank(0))) == at.axis) {
    return mixes("has scales along the dimension of the rows");
  }
  return std::vector{at};
}

// Examples in dimension 0 of input 0: convolutions, pools, tables of classical models.
BatchAxes first_axis(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (n.rank(0) < 2 || at.axis != 0) return mixes("takes its examples along another dimension than the rows'");
  return std::vector{at};
}

BatchAxes max_pool(const BatchNode& n) {
  if (n.node().has_output(1)) return mixes("numbers its maxima through all rows");
  return first_axis(n);
}

BatchAxes batch_normalization(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (n.node().integer("training_mode") != 0) return mixes("normalizes by the mean of its batch");
  if (n.rank(0) < 2 || at.axis == 1) return mixes("takes its channels where the rows are");
  return std::vector{at};
}

BatchAxes feature_vectorizer(const BatchNode& n) {
  for (size_t i = 0; i < n.size(); ++i) {
    if (!n.has(i) || !n.split(i) || n.at(i) != n.at(0) || n.at(i).axis != 0 || n.rank(i) != 2) {
      return mixes("takes inputs of which not all hold the rows");
    }
  }
  return std::vector{n.at(0)};
}

BatchAxes along_axis(const BatchNode& n) { return beside(n, TRY(rule_axis(n.node().integer("axis"), n.rank(0)))); }

BatchAxes cum_sum(const BatchNode& n) {
  std::optional<std::vector<int64_t>> axis = n.ints(1);
  if (!axis || axis->size() != 1) return mixes("has an axis that only runs tell");
  return beside(n, TRY(rule_axis((*axis)[0], n.rank(0))));
}

BatchAxes arg(const BatchNode& n) {
  const size_t axis = TRY(rule_axis(n.node().integer("axis"), n.rank(0)));
  BatchAxis at = TRY(beside(n, axis))[0];
  if (n.node().integer("keepdims") == 0 && axis < at.axis) --at.axis;
  return std::vector{at};
}

BatchAxes reduce(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  std::optional<std::vector<int64_t>> axes = n.has(1) ? n.ints(1) : std::vector<int64_t>{};
  if (!axes) return mixes("has axes that only runs tell");
  if (axes->empty() && n.node().integer("noop_with_empty_axes") != 0) return std::vector{at};
  if (axes->empty()) return mixes("folds the rows");
  size_t dropped = 0;
  for (int64_t axis : *axes) {
    const size_t counted = TRY(rule_axis(axis, n.rank(0)));
    if (counted == at.axis) return mixes("folds the rows");
    dropped += counted < at.axis ? 1 : 0;
  }
  if (n.node().integer("keepdims") == 0) at.axis -= dropped;
  return std::vector{at};
}

BatchAxes mean_variance(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  std::vector<int64_t> axes = {0, 2, 3};
  if (n.node().has("axes")) axes = n.node().ints("axes");
  for (int64_t axis : axes) {
    if (TRY(rule_axis(axis, n.rank(0))) == at.axis) return mixes("normalizes by the mean of its batch");
  }
  return std::vector{at};
}

// From attribute `axis` on; scale and bias are broadcast.
BatchAxes layer_normalization(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (at.axis >= TRY(rule_axis(n.node().integer("axis"), n.rank(0)))) return mixes("normalizes over the rows");
  for (size_t i = 1; i < n.size(); ++i) {
    if (!n.has(i) || n.rank(i) > n.rank(0)) continue;
    const size_t lead = n.rank(0) - n.rank(i);
    if (at.axis >= lead && n.shape(i)[at.axis - lead] != 1) return mixes("has a scale of its own for each row");
  }
  return std::vector{at};
}

// The last two dimensions are worked together.
BatchAxes before_matrices(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (at.axis + 2 >= n.rank(0)) return mixes("works along the dimension of the rows");
  return std::vector{at};
}

// Inputs: x, roi, scales, sizes.
BatchAxes resize(const BatchNode& n) {
  if (!n.split(0) || n.node().has("axes") || n.node().text("keep_aspect_ratio_policy") != "stretch" ||
      n.node().text("coordinate_transformation_mode") == "tf_crop_and_resize") {
    return mixes("resizes in a way that may reach the dimension of the rows");
  }
  const bool by_sizes = n.has(3) && n.shape(3) != Shape{0};
  std::optional<std::vector<RowCount>> to = by_sizes ? n.counts(3) : n.has(2) ? n.counts(2) : std::nullopt;
  if (!to || to->size() != n.rank(0)) return mixes("has sizes that only runs tell");
  const std::vector<RowCount> from = n.dims(0);
  for (size_t d = 0; d < to->size(); ++d) {
    const bool rows = d == n.at(0).axis;
    const bool stays = by_sizes ? (*to)[d] == from[d] : (*to)[d].is(1);
    if (rows ? !stays : (by_sizes && !(*to)[d].is_fixed())) return mixes("resizes the dimension of the rows");
  }
  return std::vector{n.at(0)};
}

BatchAxes grid_sample(const BatchNode& n) {
  if (!n.split(0) || !n.split(1) || n.at(0) != n.at(1) || n.at(0).axis != 0) {
    return mixes("samples by a grid that is not the rows' own");
  }
  return std::vector{n.at(0)};
}

BatchAxes dft(const BatchNode& n) {
  std::optional<std::vector<int64_t>> axis = n.has(2) ? n.ints(2) : std::vector<int64_t>{-2};
  if (!axis || axis->size() != 1) return mixes("has an axis that only runs tell");
  BatchAxis at = TRY(beside(n, TRY(rule_axis((*axis)[0], n.rank(0)))))[0];
  if (at.axis + 1 == n.rank(0)) return mixes("takes real and imaginary parts where the rows are");
  return std::vector{at};
}

// Each text, file or row of samples by itself, in dimension 0.
BatchAxes raw_rows(const BatchNode& n) {
  BatchAxis at = TRY(rows_of_first(n));
  if (at != BatchAxis{}) return mixes("takes its rows along another dimension than the rows'");
  return std::vector{at};
}

}  // namespace slipway::ops::batch
