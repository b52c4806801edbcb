// Where the rows (examples) of a batch lie in values, and a node as the batch rule of its card sees it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway {

// Types are inferred for a batch of so many rows; a prime, so that it divides nothing by chance.
inline constexpr int64_t kBatchRows = 7919;
// What is proved holds for any number of rows from 1 to this: so far are the sizes computed from it exact in their
// types.
inline constexpr int64_t kMostProvedRows = 1 << 16;

// Dimension `axis` of a value has outer * B * inner elements for B rows; element (o * B + b) * inner + i belongs to row
// b.
struct BatchAxis {
  size_t axis = 0;
  int64_t outer = 1;
  int64_t inner = 1;
  bool operator==(const BatchAxis&) const = default;
};

// A whole number that the number B of rows may decide: per_row * B + fixed. Not known: anything.
struct RowCount {
  int64_t per_row = 0;
  int64_t fixed = 0;
  bool known = true;
  bool operator==(const RowCount&) const = default;
  bool is_fixed() const { return known && per_row == 0; }
  bool is(int64_t n) const { return is_fixed() && fixed == n; }
};

// What is known of a value.
struct BatchFact {
  enum class Kind : uint8_t {
    whole,   // the same, whatever the rows and their number
    split,   // row b of it, at `at`, follows from row b of the batch alone; its other sizes are the same for every B
    counts,  // integers, booleans or whole reals that follow from B alone: sizes and what is computed from them
    mixed,   // anything
  };
  Kind kind = Kind::whole;
  std::optional<TensorType> type = std::nullopt;  // for kBatchRows rows; nullopt when only contents tell
  BatchAxis at = {};
  Tensor contents = {};               // of a whole value, where known
  std::vector<RowCount> counts = {};  // by element
  std::string why = {};               // of a mixed value: the node that mixes, and how
};

// A node as a batch rule sees it. Every input that is there is whole, split or counts, and of a known type.
class BatchNode {
 public:
  BatchNode(const Node& node, std::span<const BatchFact* const> inputs, std::span<const TensorType> outputs)
      : node_(node), inputs_(inputs), outputs_(outputs) {}

  const Node& node() const { return node_; }
  size_t size() const { return inputs_.size(); }
  bool has(size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  bool split(size_t i) const { return has(i) && inputs_[i]->kind == BatchFact::Kind::split; }
  bool whole(size_t i) const { return has(i) && inputs_[i]->kind == BatchFact::Kind::whole; }
  // Requires (all below): has(i).
  const BatchAxis& at(size_t i) const { return inputs_[i]->at; }
  const Shape& shape(size_t i) const { return inputs_[i]->type->shape; }
  size_t rank(size_t i) const { return shape(i).size(); }
  // The sizes of input i.
  std::vector<RowCount> dims(size_t i) const;
  // The contents of input i; nullopt unless they are whole numbers known as far as B decides.
  std::optional<std::vector<RowCount>> counts(size_t i) const;
  // The same when B decides none of them.
  std::optional<std::vector<int64_t>> ints(size_t i) const;
  const TensorType& out_type(size_t o) const { return outputs_[o]; }

 private:
  const Node& node_;
  std::span<const BatchFact* const> inputs_;
  std::span<const TensorType> outputs_;
};

// Where the rows lie in each output of a node; of one for all. An error says how the node mixes rows.
using BatchAxes = Result<std::vector<BatchAxis>>;

}  // namespace slipway
