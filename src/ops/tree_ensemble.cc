// What TreeEnsembleClassifier and TreeEnsembleRegressor share.
#include "ops/tree_ensemble.h"

#include <fmt/format.h>

namespace slipway::ops {

namespace {

std::vector<double> thresholds_of(const Node& node) {
  if (node.has("nodes_values_as_tensor")) return node.tensor("nodes_values_as_tensor").to_doubles();
  const std::vector<float> values = node.floats("nodes_values");
  return {values.begin(), values.end()};
}

std::vector<double> weights_of(const std::vector<float>& weights) { return {weights.begin(), weights.end()}; }

}  // namespace

kernels::TreeLists tree_lists(const Node& node, const std::string& leaf) {
  return {.tree_ids = node.ints("nodes_treeids"),
          .node_ids = node.ints("nodes_nodeids"),
          .features = node.ints("nodes_featureids"),
          .yes_ids = node.ints("nodes_truenodeids"),
          .no_ids = node.ints("nodes_falsenodeids"),
          .missing_to_yes = node.ints("nodes_missing_value_tracks_true"),
          .thresholds = thresholds_of(node),
          .modes = node.strings("nodes_modes"),
          .weight_trees = node.ints(leaf + "_treeids"),
          .weight_nodes = node.ints(leaf + "_nodeids"),
          .weight_targets = node.ints(leaf + "_ids"),
          .weights = weights_of(node.floats(leaf + "_weights"))};
}

Result<FeatureRows> tree_rows(const PrepareContext& c, const kernels::Trees& trees) {
  FeatureRows rows = TRY(feature_rows(c.in(0)));
  if (trees.last_feature() >= rows.features) {
    return invalid(fmt::format("the trees read feature {}; X has {}", trees.last_feature(), rows.features));
  }
  return rows;
}

Attributes sample_tree() {
  using Ints = std::vector<int64_t>;
  return {{"nodes_treeids", Ints{0, 0, 0, 0, 0}},
          {"nodes_nodeids", Ints{0, 1, 2, 3, 4}},
          {"nodes_featureids", Ints{0, 1, 0, 0, 0}},
          {"nodes_truenodeids", Ints{1, 3, 0, 0, 0}},
          {"nodes_falsenodeids", Ints{2, 4, 0, 0, 0}},
          {"nodes_values", std::vector<float>{0, 0.5f, 0, 0, 0}},
          {"nodes_modes", std::vector<std::string>{"BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF"}}};
}

}  // namespace slipway::ops
