// Building and walking ensembles of trees.
#include "kernels/trees.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

std::optional<BranchMode> branch_mode(std::string_view name) {
  constexpr std::pair<std::string_view, BranchMode> kModes[] = {
      {"BRANCH_LEQ", BranchMode::leq},       {"BRANCH_LT", BranchMode::lt}, {"BRANCH_GTE", BranchMode::gte},
      {"BRANCH_GT", BranchMode::gt},         {"BRANCH_EQ", BranchMode::eq}, {"BRANCH_NEQ", BranchMode::neq},
      {"BRANCH_MEMBER", BranchMode::member}, {"LEAF", BranchMode::leaf}};
  for (const auto& [known, mode] : kModes) {
    if (known == name) return mode;
  }
  return std::nullopt;
}

}  // namespace

// Lays nodes out in the order of a walk from each root that goes to `yes` first, so that a path runs forward.
class Trees::Maker {
 public:
  Maker(const TreeLists& lists, Trees& trees) : lists_(lists), trees_(trees) {}

  Status make() {
    RETURN_IF_ERROR(check_lengths());
    for (size_t i = 0; i < lists_.weights.size(); ++i) {
      int64_t target = lists_.weight_targets[i];
      if (target < 0 || target >= trees_.targets_) {
        return invalid(fmt::format("a leaf has weight for target {}; there are {}", target, trees_.targets_));
      }
      trees_.all_positive_ = trees_.all_positive_ && lists_.weights[i] >= 0;
      weights_[{lists_.weight_trees[i], lists_.weight_nodes[i]}].push_back(i);
    }
    for (size_t i = 0; i < lists_.node_ids.size(); ++i) {
      if (!index_.emplace(std::pair(lists_.tree_ids[i], lists_.node_ids[i]), i).second) {
        return invalid(fmt::format("tree {} has node {} twice", lists_.tree_ids[i], lists_.node_ids[i]));
      }
    }
    placed_.assign(lists_.node_ids.size(), false);
    for (size_t i = 0; i < lists_.node_ids.size(); ++i) {
      // The first node of a tree is its root.
      if (i > 0 && lists_.tree_ids[i] == lists_.tree_ids[i - 1]) continue;
      trees_.roots_.push_back(static_cast<int32_t>(trees_.nodes_.size()));
      RETURN_IF_ERROR(place_tree(i));
    }
    return {};
  }

 private:
  Status check_lengths() const {
    size_t n = lists_.node_ids.size(), w = lists_.weights.size();
    bool nodes = lists_.tree_ids.size() == n && lists_.features.size() == n && lists_.yes_ids.size() == n &&
                 lists_.no_ids.size() == n && lists_.thresholds.size() == n && lists_.modes.size() == n &&
                 (lists_.missing_to_yes.empty() || lists_.missing_to_yes.size() == n) &&
                 (lists_.members.empty() || lists_.members.size() == n);
    if (!nodes) return invalid("the nodes_ attributes have different lengths");
    bool weights =
        lists_.weight_trees.size() == w && lists_.weight_nodes.size() == w && lists_.weight_targets.size() == w;
    return weights ? Status() : invalid("the attributes of leaf weights have different lengths");
  }

  Status place_tree(size_t root) {
    struct Item {
      size_t from;
      int32_t parent;  // whose `no` this is; -1: none
    };
    std::vector<Item> open = {{root, -1}};
    while (!open.empty()) {
      Item item = open.back();
      open.pop_back();
      auto here = static_cast<int32_t>(trees_.nodes_.size());
      if (item.parent >= 0) trees_.nodes_[static_cast<size_t>(item.parent)].no = here;
      if (placed_[item.from]) {
        return invalid(fmt::format("node {} of tree {} is reached twice; expected a tree", lists_.node_ids[item.from],
                                   lists_.tree_ids[item.from]));
      }
      placed_[item.from] = true;
      Node node = TRY(node_of(item.from));
      if (node.mode == BranchMode::leaf) {
        trees_.nodes_.push_back(node);
        continue;
      }
      node.yes = here + 1;
      trees_.nodes_.push_back(node);
      open.push_back({TRY(child(item.from, lists_.no_ids[item.from])), here});
      open.push_back({TRY(child(item.from, lists_.yes_ids[item.from])), -1});
    }
    return {};
  }

  Result<size_t> child(size_t of, int64_t id) const {
    auto it = index_.find({lists_.tree_ids[of], id});
    if (it == index_.end()) {
      return invalid(fmt::format("node {} of tree {} leads to node {}, which is not there", lists_.node_ids[of],
                                 lists_.tree_ids[of], id));
    }
    return it->second;
  }

  Result<Node> node_of(size_t i) {
    std::optional<BranchMode> mode = branch_mode(lists_.modes[i]);
    if (!mode) return unsupported(fmt::format("nodes_modes has \"{}\"; expected BRANCH_* or LEAF", lists_.modes[i]));
    Node node;
    node.mode = *mode;
    if (*mode == BranchMode::leaf) {
      node.feature = static_cast<int32_t>(trees_.weights_.size());
      for (size_t w : weights_[{lists_.tree_ids[i], lists_.node_ids[i]}]) {
        trees_.weights_.push_back({static_cast<int32_t>(lists_.weight_targets[w]), lists_.weights[w]});
      }
      node.no = static_cast<int32_t>(trees_.weights_.size());
      return node;
    }
    if (lists_.features[i] < 0 || lists_.features[i] > INT32_MAX) {
      return invalid(fmt::format("a node reads feature {}", lists_.features[i]));
    }
    node.threshold = lists_.thresholds[i];
    if (*mode == BranchMode::member) {
      node.threshold = static_cast<double>(trees_.sets_.size());
      trees_.sets_.push_back(lists_.members.empty() ? std::vector<double>() : lists_.members[i]);
      std::ranges::sort(trees_.sets_.back());
    }
    node.feature = static_cast<int32_t>(lists_.features[i]);
    node.missing_to_yes = !lists_.missing_to_yes.empty() && lists_.missing_to_yes[i] != 0;
    trees_.plain_ = trees_.plain_ && *mode == BranchMode::leq && !node.missing_to_yes;
    trees_.last_feature_ = std::max<int64_t>(trees_.last_feature_, node.feature);
    return node;
  }

  const TreeLists& lists_;
  Trees& trees_;
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> weights_;
  std::map<std::pair<int64_t, int64_t>, size_t> index_;
  std::vector<bool> placed_;
};

Result<Trees> Trees::make(const TreeLists& lists, int64_t targets, TreeAggregate aggregate) {
  if (targets < 1 || targets > INT32_MAX) return invalid(fmt::format("{} targets; expected at least 1", targets));
  Trees trees;
  trees.targets_ = targets;
  trees.aggregate_ = aggregate;
  RETURN_IF_ERROR(Maker(lists, trees).make());
  return trees;
}

bool Trees::takes_yes(const Node& node, double x) const {
  switch (node.mode) {
    case BranchMode::leq: return x <= node.threshold;
    case BranchMode::lt: return x < node.threshold;
    case BranchMode::gte: return x >= node.threshold;
    case BranchMode::gt: return x > node.threshold;
    case BranchMode::eq: return x == node.threshold;
    case BranchMode::member: return std::ranges::binary_search(sets_[static_cast<size_t>(node.threshold)], x);
    default: return x != node.threshold;
  }
}

template <bool kPlain, typename T>
const Trees::Node& Trees::leaf(int32_t root, const T* x) const {
  const Node* node = &nodes_[static_cast<size_t>(root)];
  while (node->mode != BranchMode::leaf) {
    auto value = static_cast<double>(x[node->feature]);
    bool yes = kPlain ? value <= node->threshold : std::isnan(value) ? node->missing_to_yes : takes_yes(*node, value);
    node = &nodes_[static_cast<size_t>(yes ? node->yes : node->no)];
  }
  return *node;
}

template <bool kPlain, typename T, typename S>
void Trees::run_rows(const T* x, int64_t begin, int64_t end, int64_t features, const S* base, S* scores) const {
  for (int64_t row = begin; row < end; ++row) {
    S* to = scores + row * targets_;
    bool extreme = aggregate_ == TreeAggregate::min || aggregate_ == TreeAggregate::max;
    std::fill_n(to, targets_, extreme ? std::numeric_limits<S>::quiet_NaN() : S{0});
    for (int32_t root : roots_) {
      const Node& end_node = leaf<kPlain>(root, x + row * features);
      for (int32_t w = end_node.feature; w < end_node.no; ++w) {
        const Weight& weight = weights_[static_cast<size_t>(w)];
        const S value = static_cast<S>(weight.value);
        S& score = to[weight.target];
        switch (aggregate_) {
          case TreeAggregate::min: score = std::fmin(score, value); break;
          case TreeAggregate::max: score = std::fmax(score, value); break;
          default: score += value;
        }
      }
    }
    for (int64_t t = 0; t < targets_; ++t) {
      if (extreme && std::isnan(to[t])) to[t] = 0;
      if (aggregate_ == TreeAggregate::average && !roots_.empty()) to[t] /= static_cast<S>(roots_.size());
      if (base != nullptr) to[t] += base[t];
    }
  }
}

template <typename T, typename S>
void Trees::run(const T* x, int64_t rows, int64_t features, const S* base, S* scores, int threads) const {
  int64_t grain = std::max<int64_t>(1, 2048 / std::max<int64_t>(static_cast<int64_t>(roots_.size()), 1));
  parallel_for(threads, rows, grain, [&](int64_t begin, int64_t end) {
    if (plain_) {
      run_rows<true>(x, begin, end, features, base, scores);
    } else {
      run_rows<false>(x, begin, end, features, base, scores);
    }
  });
}

template void Trees::run(const float*, int64_t, int64_t, const float*, float*, int) const;
template void Trees::run(const double*, int64_t, int64_t, const float*, float*, int) const;
template void Trees::run(const int32_t*, int64_t, int64_t, const float*, float*, int) const;
template void Trees::run(const int64_t*, int64_t, int64_t, const float*, float*, int) const;
template void Trees::run(const double*, int64_t, int64_t, const double*, double*, int) const;

}  // namespace slipway::kernels
