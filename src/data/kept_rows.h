// Kept rows: some examples of a data set as they were before preparation, so that a model that prepares otherwise can
// be asked the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "tensor/named_rows.h"

namespace slipway {

// As many as a version takes along (train/publish.h).
inline constexpr size_t kMostKeptRows = 2000;

struct KeptRows {
  std::vector<uint32_t> examples;  // which ones, rising
  NamedRows raw;                   // of these
};

// At most `most` of n indices, evenly chosen.
std::vector<uint32_t> evenly_chosen(size_t n, size_t most);

// The rows of a tensor, in that order. Requires: f32, i64 or strings, indices in range.
Tensor rows_at(const Tensor& from, std::span<const uint32_t> rows);

// kMostKeptRows of n examples, evenly chosen; `raw` makes the raw data of these.
using RawOf = std::function<Result<NamedRows>(std::span<const uint32_t> examples)>;
Result<std::shared_ptr<const KeptRows>> kept_rows(size_t n, const RawOf& raw);

// Of rows that are kept already, those of `examples`; each of them is kept. Requires: `examples` rise.
NamedRows kept_of(const KeptRows& kept, std::span<const uint32_t> examples);

}  // namespace slipway
