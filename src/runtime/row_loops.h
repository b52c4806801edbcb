// Row loops: runs of steps that are worked a few rows (examples of a batch) at a time.
//
// Where the activations of a batch outgrow the cache, every operator reads from memory what the one before it has just
// written there. Operators whose row i of the outputs needs row i of the inputs alone (Operator::rows) can take turns
// instead: all of them on the first rows, then all of them on the next. What flows between them stays in the cache and
// needs memory for those rows only. (Loop tiling along the batch; of operators instead of loop bodies.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/operator.h"

namespace slipway {

// What one step may move before a loop pays. Measured on a processor with 1 MiB of second-level cache and 32 MiB of the
// third shared with others; what the system tells of a virtual machine's caches cannot be relied on.
inline constexpr size_t kRowLoopCacheBytes = size_t{8} << 20;

// What is known of the values of steps. Steps are nodes with a kernel, in order.
class StepValues {
 public:
  virtual ~StepValues() = default;
  virtual const TensorType& type(ValueId id) const = 0;
  // Contents that never change, else nullptr.
  virtual const Tensor* known(ValueId id) const = 0;
  // The value whose bytes these are: another one where `id` is a view.
  virtual ValueId root(ValueId id) const = 0;
};

struct RowLoop {
  size_t begin = 0, end = 0;  // steps [begin, end)
  int64_t rows = 0;           // of every value that is taken apart: its axis 0
  int64_t each = 0;           // rows at a time, a divisor of `rows` below it
  int lanes = 1;              // turns that are taken at the same time, by one thread each
  // By step from `begin`: which inputs are taken apart; the others are read whole every time. Outputs always are.
  std::vector<std::vector<bool>> carried;

  int64_t times() const { return rows / each; }
};

// Which inputs of `node` are taken apart when its outputs, of `rows` rows, are made `each` rows at a time; nullopt when
// they cannot be made so.
std::optional<std::vector<bool>> carried_inputs(const Node& node, const StepValues& values, int64_t rows, int64_t each);

// The loops that pay: their steps move more than `cache_bytes` each, more than the weights read once more for every
// turn. Turns are shared out among `threads` threads where they come out even. In order, apart from one another. Pure.
std::vector<RowLoop> find_row_loops(std::span<const Node* const> steps, const StepValues& values, size_t cache_bytes,
                                    int threads = 1);

// `type` with `each` rows on axis 0.
TensorType with_rows(TensorType type, int64_t each);

}  // namespace slipway
