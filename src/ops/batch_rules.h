// What the rules of batch_axis.h share.
#pragma once

#include "ops/batch_axis.h"

namespace slipway::ops {

// A node as a rule sees it. Every input that is there is whole, split or counts, and of a known type.
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
  std::vector<Count> dims(size_t i) const;
  // The contents of input i; nullopt unless they are whole numbers known as far as B decides.
  std::optional<std::vector<Count>> counts(size_t i) const;
  // The same when B decides none of them.
  std::optional<std::vector<int64_t>> ints(size_t i) const;
  const TensorType& out_type(size_t o) const { return outputs_[o]; }

 private:
  const Node& node_;
  std::span<const BatchFact* const> inputs_;
  std::span<const TensorType> outputs_;
};

// Where the rows lie in each output; of one for all.
using BatchAxes = Result<std::vector<BatchAxis>>;
using BatchRule = BatchAxes (*)(const BatchNode&);

struct NamedBatchRule {
  const char* name;
  const char* domain;
  BatchRule rule;
};

// How a node mixes rows, as an error.
Status mixes(std::string_view how);

// Where the rows lie in input 0, when every other input is whole.
Result<BatchAxis> rows_of_first(const BatchNode& n);

// Attribute `name` or a known input as an axis of `rank`.
Result<size_t> rule_axis(int64_t axis, size_t rank);

// Operators that move elements (batch_moves.cc), those that multiply matrices (batch_products.cc), and those that
// compute otherwise (batch_rules.cc).
std::span<const NamedBatchRule> moving_rules();
std::span<const NamedBatchRule> product_rules();
std::span<const NamedBatchRule> computing_rules();

// Elements of output 0 of a node that computes with numbers of rows (Shape, Gather of a shape, …); nullopt for other
// nodes (batch_counts.cc).
std::optional<std::vector<Count>> count_elements(const BatchNode& n);

}  // namespace slipway::ops
