// Row proofs: whether the rows of a batch are independent examples in a model, derived from its graph.
//
// A request of some rows may share a run with others only when each row of every output follows from that row of the
// inputs alone, however many rows there are and whatever the others hold. Here that is proved, operator by operator
// by the batch rules of their cards, for inputs whose sizes but that of dimension 0 are given; nothing is run and
// nothing is guessed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/batch_node.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

struct RowProof {
  bool proved = false;
  std::string why;  // not: the output and the node that mixes rows
  // By input and by output: whether its dimension 0 holds the rows. The others are whole: such inputs must be the same
  // for all who share a run, such outputs are the same for all.
  std::vector<bool> input_rows = {};
  std::vector<bool> output_rows = {};
};

// For inputs of these types, of which those marked in `rows` hold the rows in dimension 0 (its size does not count).
// Requires: as many as the graph has inputs; those marked have a dimension. Pure.
RowProof prove_rows(const Graph& graph, std::span<const TensorType> inputs, const std::vector<bool>& rows);

// Proofs of one model, made when they are asked for the first time. Thread-safe.
class RowAnalysis {
 public:
  // Keeps the graph without its large weights.
  explicit RowAnalysis(const Graph& model);

  // The proof for inputs of these types: with the rows in dimension 0 of all inputs where it is open or, when that is
  // not proved, of those that name it as the first one does. The same pointer for the same sizes but those of the rows,
  // as long as it is remembered. Requires: the inputs pass check_inputs().
  std::shared_ptr<const RowProof> prove(std::span<const Tensor> inputs) const;

  // An error that names two inputs whose numbers of rows differ, though `proof` says that they are one dimension; for
  // any number of rows of each.
  Status check_rows(std::span<const Tensor> inputs) const;

  // Why no request can share a run whatever it brings (no input has an open first dimension); "" otherwise.
  const std::string& never() const { return never_; }

 private:
  struct Key {
    std::vector<int64_t> sizes;  // ranks and sizes in order, -1 for rows
    bool operator<(const Key& other) const { return sizes < other.sizes; }
  };
  Key key_of(std::span<const Tensor> inputs, const std::vector<bool>& rows) const;
  std::shared_ptr<const RowProof> find(std::span<const Tensor> inputs, const std::vector<bool>& rows) const;

  Graph graph_;
  std::vector<std::string> names_;          // of inputs
  std::vector<std::vector<bool>> guesses_;  // which inputs may hold the rows, the likeliest first
  std::string never_;
  mutable std::mutex mutex_;
  mutable std::map<Key, std::shared_ptr<const RowProof>> proofs_;
};

}  // namespace slipway
