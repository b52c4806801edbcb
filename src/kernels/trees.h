// Ensembles of decision trees (ONNX-ML TreeEnsemble*): nodes laid out tree after tree, each walked from its root.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace slipway::kernels {

// When the walk goes to `yes`: x[feature] compared with the threshold, or one of the members.
enum class BranchMode : uint8_t { leq, lt, gte, gt, eq, neq, member, leaf };

// The lists of a TreeEnsemble node's attributes, as they are in the file. All nodes_ lists have one length, all
// weight_ lists another. A mode is BRANCH_LEQ, _LT, _GTE, _GT, _EQ, _NEQ, _MEMBER or LEAF.
struct TreeLists {
  std::vector<int64_t> tree_ids, node_ids, features, yes_ids, no_ids, missing_to_yes;
  std::vector<double> thresholds;
  std::vector<std::string> modes;
  std::vector<std::vector<double>> members;  // of nodes of BRANCH_MEMBER; empty where no node is
  std::vector<int64_t> weight_trees, weight_nodes, weight_targets;
  std::vector<double> weights;
};

enum class TreeAggregate : uint8_t { sum, average, min, max };

// Frozen.
class Trees {
 public:
  // An error that names what is wrong with the lists: lengths, ids that lead nowhere, cycles, targets beyond `targets`.
  static Result<Trees> make(const TreeLists& lists, int64_t targets, TreeAggregate aggregate);

  // scores[row, t] = base[t] + the aggregate over trees of what the leaf of x[row] says of t. x: [rows, features];
  // base: [targets], or nullptr. T: float, double, int32_t or int64_t; S, in which is summed: float or double.
  template <typename T, typename S>
  void run(const T* x, int64_t rows, int64_t features, const S* base, S* scores, int threads) const;

  int64_t targets() const { return targets_; }
  // The highest feature that a node reads, or -1.
  int64_t last_feature() const { return last_feature_; }
  // No leaf has a negative weight.
  bool all_positive() const { return all_positive_; }

 private:
  struct Node {
    double threshold = 0;     // of a member branch: which of sets_
    int32_t feature = 0;      // of a leaf: the first of its weights
    int32_t yes = 0, no = 0;  // of a leaf: no is one past the last of its weights
    BranchMode mode = BranchMode::leaf;
    bool missing_to_yes = false;
  };
  struct Weight {
    int32_t target;
    double value;
  };
  class Maker;

  template <bool kPlain, typename T>
  const Node& leaf(int32_t root, const T* x) const;
  template <bool kPlain, typename T, typename S>
  void run_rows(const T* x, int64_t begin, int64_t end, int64_t features, const S* base, S* scores) const;
  bool takes_yes(const Node& node, double x) const;

  std::vector<Node> nodes_;
  std::vector<Weight> weights_;
  std::vector<std::vector<double>> sets_;  // each in order
  std::vector<int32_t> roots_;
  int64_t targets_ = 1, last_feature_ = -1;
  TreeAggregate aggregate_ = TreeAggregate::sum;
  bool plain_ = true;  // every branch asks x <= threshold and sends a missing value to no
  bool all_positive_ = true;
};

}  // namespace slipway::kernels
