// Inference that many cards share.
#pragma once

#include "graph/operator.h"

namespace slipway::ops {

// Output 0 has the type of input 0.
Status infer_same(InferContext& c);

// Output 0 has input 0's dtype and the common broadcast shape of all inputs; an error when dtypes differ.
Status infer_broadcast(InferContext& c);

// Like infer_broadcast, with a boolean output.
Status infer_compare(InferContext& c);

// Output 0 is boolean with the shape of input 0.
Status infer_predicate(InferContext& c);

// Output 0 has the type of input 0; an error unless every other input broadcasts to it.
Status infer_onto_first(InferContext& c);

// ONNX multidirectional broadcasting over dimensions that may be unknown: an unknown against 1 stays itself, an unknown
// against a known size > 1 becomes that size.
Result<Dims> broadcast_dims(const Dims& a, const Dims& b);

// The contents of input i as integers when they are known; nullopt when it is there but not known yet. Requires: it is
// there.
std::optional<std::vector<int64_t>> known_ints(InferContext& c, size_t i);

// Dimensions all unknown, of a known rank.
Dims unknown_dims(size_t rank);

// An error that names the expected types unless input i has one of them.
Status expect_dtype(InferContext& c, size_t i, std::initializer_list<DType> allowed);

}  // namespace slipway::ops
