// The batch rules that cards name, each by what it says of its operator, and what they share.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "graph/batch_node.h"

namespace slipway::ops {

// How a node mixes rows, as an error.
Status mixes(std::string_view how);

// Where the rows lie in input 0, when every other input is whole.
Result<BatchAxis> rows_of_first(const BatchNode& n);

// An axis of `rank` dimensions, counted from the front.
Result<size_t> rule_axis(int64_t axis, size_t rank);

// Elements of output 0 of a node that computes with numbers of rows (Shape, Gather of a shape, …); nullopt for other
// nodes (batch_counts.cc).
std::optional<std::vector<RowCount>> count_elements(const BatchNode& n);

namespace batch {

// Operators that compute (batch_rules.cc): element by element, broadcast; of input 0, by numbers that are the same for
// all; on examples in dimension 0; along attribute `axis`; on the last two dimensions.
BatchAxes elementwise(const BatchNode& n);
BatchAxes elementwise_of_first(const BatchNode& n);
BatchAxes first_axis(const BatchNode& n);
BatchAxes along_axis(const BatchNode& n);
BatchAxes before_matrices(const BatchNode& n);
// Those of one operator or a few.
BatchAxes cast_like(const BatchNode& n);
BatchAxes dropout(const BatchNode& n);
BatchAxes quantize(const BatchNode& n);
BatchAxes max_pool(const BatchNode& n);
BatchAxes batch_normalization(const BatchNode& n);
BatchAxes feature_vectorizer(const BatchNode& n);
BatchAxes cum_sum(const BatchNode& n);
BatchAxes arg(const BatchNode& n);
BatchAxes reduce(const BatchNode& n);
BatchAxes mean_variance(const BatchNode& n);
BatchAxes layer_normalization(const BatchNode& n);
BatchAxes resize(const BatchNode& n);
BatchAxes grid_sample(const BatchNode& n);
BatchAxes dft(const BatchNode& n);
BatchAxes raw_rows(const BatchNode& n);

// Operators that move elements (batch_moves.cc). `aligned`: every input holds the rows in the same place, beside
// `axis`.
BatchAxes reshape(const BatchNode& n);
BatchAxes flatten(const BatchNode& n);
BatchAxes squeeze(const BatchNode& n);
BatchAxes unsqueeze(const BatchNode& n);
BatchAxes transpose(const BatchNode& n);
BatchAxes constant_of_shape(const BatchNode& n);
BatchAxes expand(const BatchNode& n);
BatchAxes tile(const BatchNode& n);
BatchAxes aligned(const BatchNode& n);
BatchAxes split(const BatchNode& n);
BatchAxes slice(const BatchNode& n);
BatchAxes pad(const BatchNode& n);
BatchAxes gather(const BatchNode& n);
BatchAxes gather_nd(const BatchNode& n);
BatchAxes one_hot(const BatchNode& n);
BatchAxes reverse_sequence(const BatchNode& n);
BatchAxes array_feature_extractor(const BatchNode& n);

// Operators that multiply matrices (batch_products.cc).
BatchAxes matmul(const BatchNode& n);
BatchAxes matmul_integer(const BatchNode& n);
BatchAxes qlinear_matmul(const BatchNode& n);
BatchAxes gemm(const BatchNode& n);
BatchAxes einsum(const BatchNode& n);
BatchAxes recurrent(const BatchNode& n);
BatchAxes attention(const BatchNode& n);
BatchAxes rotary_embedding(const BatchNode& n);

}  // namespace batch

}  // namespace slipway::ops
