// Rules of the operators that multiply matrices: products, recurrent networks, attention.
#include <algorithm>

#include "graph/operator.h"
#include "ops/batch_rules.h"
#include "ops/einsum_equation.h"

namespace slipway::ops::batch {

namespace {

// Where the rows of operand `i` of a matrix product lie in its output. `within`: the operand's own dimension of the
// output's matrix, counted from the end (2: rows of A, 1: columns of B).
Result<BatchAxis> product_operand(const BatchNode& n, size_t i, size_t other, size_t within, bool& apart) {
  BatchAxis at = n.at(i);
  const size_t from_end = n.rank(i) - at.axis, rank = n.out_type(0).shape.size();
  if (n.rank(i) < 2 || from_end == 3 - within) return mixes("sums over the rows");
  apart = from_end == within;
  // A vector's dimension is missing in the output.
  at.axis = rank - from_end + (n.rank(other) == 1 && other > i ? 1 : 0);
  return at;
}

// A: input a, B: input b.
BatchAxes matrix_product(const BatchNode& n, size_t a, size_t b) {
  const bool splits[] = {n.split(a), n.split(b)};
  if ((!splits[0] && !n.whole(a)) || (!splits[1] && !n.whole(b))) return mixes("computes with the number of rows");
  if (n.rank(a) < 2 && splits[1] && n.rank(b) > 2) return mixes("multiplies a vector with matrices of the rows");
  bool apart[] = {false, false};
  std::optional<BatchAxis> at[2];
  if (splits[0]) at[0] = TRY(product_operand(n, a, b, 2, apart[0]));
  if (splits[1]) at[1] = TRY(product_operand(n, b, a, 1, apart[1]));
  if (at[0] && at[1]) {
    if (apart[0] || apart[1] || *at[0] != *at[1]) return mixes("multiplies rows with one another");
    return std::vector{*at[0]};
  }
  if (!at[0] && !at[1]) return mixes("computes with the number of rows");
  const size_t split = at[0] ? a : b, other = at[0] ? b : a;
  const size_t from_end = n.rank(split) - n.at(split).axis;
  if (from_end > 2 && from_end <= n.rank(other) && n.shape(other)[n.rank(other) - from_end] != 1) {
    return mixes("has an operand with a size of its own where the rows are");
  }
  return std::vector{at[0] ? *at[0] : *at[1]};
}

bool one_number(const BatchNode& n, size_t i) {
  return !n.has(i) || (n.whole(i) && (n.rank(i) == 0 || (n.rank(i) == 1 && n.shape(i)[0] == 1)));
}

}  // namespace

BatchAxes matmul(const BatchNode& n) { return matrix_product(n, 0, 1); }

BatchAxes matmul_integer(const BatchNode& n) {
  if (!one_number(n, 2) || (n.has(3) && !n.whole(3)) || n.split(1)) return mixes("has zero points for each row");
  return matrix_product(n, 0, 1);
}

// Inputs: a, its scale and zero point, b, its scale and zero point, y's scale and zero point.
BatchAxes qlinear_matmul(const BatchNode& n) {
  for (size_t i : {1, 2, 6, 7}) {
    if (!one_number(n, i)) return mixes("has scales for each row");
  }
  if (!n.whole(3) || !n.whole(4) || !n.whole(5)) return mixes("multiplies rows with one another");
  return matrix_product(n, 0, 3);
}

BatchAxes gemm(const BatchNode& n) {
  const size_t rows = n.node().integer("transA") != 0 ? 1 : 0;
  if (!n.split(0) || n.at(0).axis != rows || !n.whole(1)) return mixes("sums over the rows");
  BatchAxis at = n.at(0);
  at.axis = 0;
  if (!n.has(2)) return std::vector{at};
  const bool own = n.split(2) && n.rank(2) == 2 && n.at(2) == at;
  const bool shared = n.whole(2) && (n.rank(2) < 2 || n.shape(2)[0] == 1);
  if (!own && !shared) return mixes("adds something of other sizes to the rows");
  return std::vector{at};
}

BatchAxes einsum(const BatchNode& n) {
  std::vector<size_t> ranks;
  for (size_t i = 0; i < n.size(); ++i) ranks.push_back(n.rank(i));
  const EinsumEquation e = TRY(parse_einsum(n.node().text("equation"), ranks));
  std::optional<int> label;
  BatchAxis at;
  for (size_t i = 0; i < n.size(); ++i) {
    if (n.whole(i)) continue;
    if (!n.split(i)) return mixes("computes with the number of rows");
    const int here = e.inputs[i][n.at(i).axis];
    const bool agrees = !label || (here == *label && n.at(i).outer == at.outer && n.at(i).inner == at.inner);
    if (!agrees || std::ranges::count(e.inputs[i], here) != 1) return mixes("multiplies rows with one another");
    label = here;
    at = n.at(i);
  }
  if (!label) return mixes("computes with the number of rows");
  for (size_t i = 0; i < n.size(); ++i) {
    for (size_t d = 0; n.whole(i) && d < n.rank(i); ++d) {
      if (e.inputs[i][d] == *label && n.shape(i)[d] != 1) return mixes("has an operand with a size of its own");
    }
  }
  auto found = std::ranges::find(e.output, *label);
  if (found == e.output.end()) return mixes("sums over the rows");
  at.axis = static_cast<size_t>(found - e.output.begin());
  return std::vector{at};
}

// Inputs: X, W, R, B, sequence_lens, initial_h, then weights (P) or initial_c (LSTM: input 6) and P (7).
BatchAxes recurrent(const BatchNode& n) {
  const bool batch_first = n.node().integer("layout") != 0;
  const size_t axis = batch_first ? 0 : 1;
  if (!n.split(0) || n.at(0).axis != axis) return mixes("takes its examples along another dimension than the rows'");
  for (size_t i = 1; i < n.size(); ++i) {
    if (!n.has(i)) continue;
    const bool state = i == 5 || (i == 6 && std::string_view(n.node().op->name) == "LSTM");
    BatchAxis own = n.at(0);
    own.axis = i == 4 ? 0 : axis;
    const bool fits = state || i == 4 ? n.split(i) && n.at(i) == own : n.whole(i);
    if (!fits) return mixes("takes states or lengths that are not the rows' own");
  }
  BatchAxis state = n.at(0), steps = n.at(0);
  steps.axis = batch_first ? 0 : 2;
  return std::vector{steps, state, state};
}

// Inputs: Q, K, V, mask, past K, past V, lengths: examples in dimension 0 of each.
BatchAxes attention(const BatchNode& n) {
  for (size_t i = 0; i < n.size(); ++i) {
    if (!n.has(i)) continue;
    const bool own = n.split(i) && n.at(i) == n.at(0) && n.at(i).axis == 0 && (i != 3 || n.rank(3) == 4);
    const bool shared = i == 3 && n.whole(3) && (n.rank(3) < 4 || n.shape(3)[0] == 1);
    if (!own && !shared) return mixes("attends to inputs of which not all hold the rows");
  }
  if (!n.split(0)) return mixes("attends to inputs of which not all hold the rows");
  return std::vector{n.at(0)};
}

// Inputs: X, cosines, sines, positions.
BatchAxes rotary_embedding(const BatchNode& n) {
  if (!n.split(0) || n.at(0).axis != 0) return mixes("takes its examples along another dimension than the rows'");
  auto own = [&](size_t i) { return n.split(i) && n.at(i) == n.at(0); };
  const bool fits = n.has(3) ? n.whole(1) && n.whole(2) && own(3) : own(1) && own(2);
  if (!fits) return mixes("takes angles that are not the rows' own");
  return std::vector{n.at(0)};
}

}  // namespace slipway::ops::batch
