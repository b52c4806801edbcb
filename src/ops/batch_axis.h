// Where the rows (examples) of a batch lie in the values of a graph, and what each operator does to them: the rules
// that prove that no row of an answer depends on any other row, nor on how many there are. Rules are of operators'
// meaning, not of runs: what no rule covers counts as mixing rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/operator.h"

namespace slipway::ops {

// Types are inferred for a batch of so many rows; a prime, so that it divides nothing by chance.
inline constexpr int64_t kBatchRows = 7919;
// What is proved holds for any number of rows from 1 to this: so far are the sizes computed from it exact in their
// types.
inline constexpr int64_t kMostRows = 1 << 16;

// Dimension `axis` of a value has outer * B * inner elements for B rows; element (o * B + b) * inner + i belongs to row
// b.
struct BatchAxis {
  size_t axis = 0;
  int64_t outer = 1;
  int64_t inner = 1;
  bool operator==(const BatchAxis&) const = default;
};

// A whole number that the number B of rows may decide: per_row * B + fixed. Not known: anything.
struct Count {
  int64_t per_row = 0;
  int64_t fixed = 0;
  bool known = true;
  bool operator==(const Count&) const = default;
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
  Tensor contents = {};            // of a whole value, where known
  std::vector<Count> counts = {};  // by element
  std::string why = {};            // of a mixed value: the node that mixes, and how
};

// Facts of `node`'s outputs from those of its inputs (nullptr: omitted). Bodies are not looked into. Pure.
std::vector<BatchFact> batch_facts(const Node& node, std::span<const BatchFact* const> inputs);

// Whether the operator has a rule that may keep rows apart.
bool has_batch_rule(const Operator& op);

// A whole value of known contents; large ones keep their type only.
BatchFact known_fact(const Tensor& contents);
BatchFact mixed_fact(std::string why);

}  // namespace slipway::ops
