// TreeEnsemble's branches and leaves as one list of nodes for each tree.
#include "ops/tree_roots.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace slipway::ops {

namespace {

// The numbers of an attribute that holds a tensor.
Result<std::vector<double>> numbers(const Node& node, const char* name) {
  if (!node.has(name)) return invalid(fmt::format("attribute \"{}\" is missing", name));
  const Tensor tensor = node.tensor(name);
  if (tensor.dtype() == DType::string) return invalid(fmt::format("{} holds strings", name));
  return tensor.to_doubles();
}

class Rooted {
 public:
  explicit Rooted(const Node& node) : node_(node) {}

  Result<kernels::TreeLists> lists() {
    RETURN_IF_ERROR(read());
    RETURN_IF_ERROR(read_members());
    placed_.assign(modes_.size(), false);
    const std::vector<int64_t> roots = node_.ints("tree_roots");
    for (size_t t = 0; t < roots.size(); ++t) RETURN_IF_ERROR(place_tree(static_cast<int64_t>(t), roots[t]));
    return std::move(lists_);
  }

 private:
  Status read() {
    splits_ = TRY(numbers(node_, "nodes_splits"));
    modes_ = TRY(numbers(node_, "nodes_modes"));
    weights_ = TRY(numbers(node_, "leaf_weights"));
    features_ = node_.ints("nodes_featureids");
    yes_ = node_.ints("nodes_truenodeids");
    no_ = node_.ints("nodes_falsenodeids");
    yes_leaf_ = node_.ints("nodes_trueleafs");
    no_leaf_ = node_.ints("nodes_falseleafs");
    missing_ = node_.ints("nodes_missing_value_tracks_true");
    targets_ = node_.ints("leaf_targetids");
    const size_t n = modes_.size();
    for (size_t size : {splits_.size(), features_.size(), yes_.size(), no_.size(), yes_leaf_.size(), no_leaf_.size(),
                        missing_.empty() ? n : missing_.size()}) {
      if (size != n) return invalid(fmt::format("nodes_modes has {} entries, another nodes_ attribute {}", n, size));
    }
    if (targets_.size() == weights_.size()) return {};
    return invalid(fmt::format("{} leaf_weights and {} leaf_targetids", weights_.size(), targets_.size()));
  }

  // One run of membership_values for each node of that mode, in their order, each ended by NaN.
  Status read_members() {
    std::vector<double> values;
    if (node_.has("membership_values")) values = TRY(numbers(node_, "membership_values"));
    members_.resize(modes_.size());
    size_t next = 0;
    for (size_t i = 0; i < modes_.size(); ++i) {
      if (modes_[i] != 6) continue;
      if (next >= values.size()) return invalid("membership_values has fewer sets than nodes of mode BRANCH_MEMBER");
      for (; next < values.size() && !std::isnan(values[next]); ++next) members_[i].push_back(values[next]);
      ++next;
    }
    return {};
  }

  Status place_tree(int64_t tree, int64_t root) {
    std::vector<int64_t> open = {TRY(branch(tree, root))};
    while (!open.empty()) {
      const int64_t at = open.back();
      open.pop_back();
      const auto from = static_cast<size_t>(lists_.features[static_cast<size_t>(at)]);
      lists_.features[static_cast<size_t>(at)] = features_[from];
      for (bool yes : {true, false}) {
        const int64_t to = yes ? yes_[from] : no_[from];
        const bool ends = (yes ? yes_leaf_[from] : no_leaf_[from]) != 0;
        const int64_t made = ends ? TRY(leaf(tree, to)) : TRY(branch(tree, to));
        (yes ? lists_.yes_ids : lists_.no_ids)[static_cast<size_t>(at)] = made;
        if (!ends) open.push_back(made);
      }
    }
    return {};
  }

  // Node `from` at the end of the lists, in place of its feature its own number, which is where its children stand.
  Result<int64_t> branch(int64_t tree, int64_t from) {
    static constexpr std::array kModes = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",   "BRANCH_GT",
                                          "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER"};
    if (from < 0 || from >= static_cast<int64_t>(modes_.size())) {
      return invalid(fmt::format("tree {} leads to node {}; there are {}", tree, from, modes_.size()));
    }
    const auto i = static_cast<size_t>(from);
    if (placed_[i]) return invalid(fmt::format("node {} is reached twice; expected trees", from));
    placed_[i] = true;
    if (!(modes_[i] >= 0 && modes_[i] < kModes.size())) {
      return invalid(fmt::format("nodes_modes holds {}; expected 0 to 6", modes_[i]));
    }
    const int64_t at = append(tree, kModes[static_cast<size_t>(modes_[i])]);
    lists_.features.back() = from;
    lists_.thresholds.back() = splits_[i];
    lists_.missing_to_yes.back() = missing_.empty() ? 0 : missing_[i];
    lists_.members.back() = members_[i];
    return at;
  }

  Result<int64_t> leaf(int64_t tree, int64_t from) {
    if (from < 0 || from >= static_cast<int64_t>(weights_.size())) {
      return invalid(fmt::format("tree {} leads to leaf {}; there are {}", tree, from, weights_.size()));
    }
    const int64_t at = append(tree, "LEAF");
    lists_.weight_trees.push_back(tree);
    lists_.weight_nodes.push_back(at);
    lists_.weight_targets.push_back(targets_[static_cast<size_t>(from)]);
    lists_.weights.push_back(weights_[static_cast<size_t>(from)]);
    return at;
  }

  // Nodes are numbered over all trees.
  int64_t append(int64_t tree, const char* mode) {
    const auto at = static_cast<int64_t>(lists_.node_ids.size());
    lists_.tree_ids.push_back(tree);
    lists_.node_ids.push_back(at);
    lists_.modes.emplace_back(mode);
    for (auto* list : {&lists_.features, &lists_.yes_ids, &lists_.no_ids, &lists_.missing_to_yes}) list->push_back(0);
    lists_.thresholds.push_back(0);
    lists_.members.emplace_back();
    return at;
  }

  const Node& node_;
  std::vector<double> splits_, modes_, weights_;
  std::vector<int64_t> features_, yes_, no_, yes_leaf_, no_leaf_, missing_, targets_;
  std::vector<std::vector<double>> members_;
  std::vector<bool> placed_;
  kernels::TreeLists lists_;
};

}  // namespace

Result<kernels::TreeLists> tree_lists_from_roots(const Node& node) { return Rooted(node).lists(); }

Result<kernels::TreeAggregate> numbered_aggregate(const Node& node) {
  using kernels::TreeAggregate;
  constexpr std::array kAggregates = {TreeAggregate::average, TreeAggregate::sum, TreeAggregate::min,
                                      TreeAggregate::max};
  const int64_t number = node.integer("aggregate_function");
  if (number >= 0 && number < 4) return kAggregates[static_cast<size_t>(number)];
  return invalid(fmt::format("aggregate_function is {}; expected 0 (average), 1 (sum), 2 (min) or 3 (max)", number));
}

Result<kernels::PostTransform> numbered_post_transform(const Node& node) {
  using kernels::PostTransform;
  constexpr std::array kTransforms = {PostTransform::none, PostTransform::softmax, PostTransform::logistic,
                                      PostTransform::softmax_zero, PostTransform::probit};
  const int64_t number = node.integer("post_transform");
  if (number >= 0 && number < 5) return kTransforms[static_cast<size_t>(number)];
  return invalid(
      fmt::format("post_transform is {}; expected 0 (none), 1 (softmax), 2 (logistic), 3 (softmax_zero) or "
                  "4 (probit)",
                  number));
}

}  // namespace slipway::ops
