// How requests share a run of the engine: whose rows may stand below each other, and who gets what of the answer.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "serve/batcher.h"

namespace slipway {

using JobSpan = std::span<std::unique_ptr<BatchJob>>;

// Whether `b` may ride with `a`: one proof that rows are independent holds for both, both have rows, and what holds no
// rows is the same in both, bit for bit. Pure.
bool may_share(const BatchJob& a, const BatchJob& b);

// The inputs of one run: the jobs' rows below each other and, up to `rows`, the last row again. Requires: the jobs may
// share a run and have at most `rows` rows together.
std::vector<Tensor> joined_inputs(JobSpan jobs, int64_t rows);

// Whether every output has what the proof says: `rows` rows, or none.
bool outputs_follow(const RowProof& proof, const std::vector<Tensor>& outputs, int64_t rows);

// Rows [begin, end) of the outputs that have rows; the others as they are.
std::vector<Tensor> cut_outputs(const RowProof& proof, const std::vector<Tensor>& outputs, int64_t begin, int64_t end);

}  // namespace slipway
