// What TreeEnsembleClassifier and TreeEnsembleRegressor share.
#pragma once

#include "kernels/trees.h"
#include "ops/ml.h"

namespace slipway::ops {

inline constexpr AttributeSpec kBaseValues = {"base_values", kOptionalFloats};
inline constexpr AttributeSpec kNodesFalse = {"nodes_falsenodeids", kOptionalInts};
inline constexpr AttributeSpec kNodesFeature = {"nodes_featureids", kOptionalInts};
inline constexpr AttributeSpec kNodesMissing = {"nodes_missing_value_tracks_true", kOptionalInts};
inline constexpr AttributeSpec kNodesMode = {"nodes_modes", kOptionalStrings};
inline constexpr AttributeSpec kNodesId = {"nodes_nodeids", kOptionalInts};
inline constexpr AttributeSpec kNodesTree = {"nodes_treeids", kOptionalInts};
inline constexpr AttributeSpec kNodesTrue = {"nodes_truenodeids", kOptionalInts};
inline constexpr AttributeSpec kNodesValue = {"nodes_values", kOptionalFloats};
// In place of nodes_values, of doubles.
inline constexpr AttributeSpec kNodesValueTensor = {"nodes_values_as_tensor", kOptionalTensor};

// The nodes_ attributes and those of leaf weights, which begin with `leaf` ("class", "target").
kernels::TreeLists tree_lists(const Node& node, const std::string& leaf);

// rows and features of input 0; an error when the trees read beyond them.
Result<FeatureRows> tree_rows(const PrepareContext& c, const kernels::Trees& trees);

// f(TypeTag<T>{}) -> Kernel for the element type of input 0.
template <typename F>
Result<Kernel> for_features(const PrepareContext& c, const F& f) {
  return for_types(MlTypes{}, c, c.in(0).dtype, f);
}

// One tree over two features: x0 <= 0 ? (x1 <= 0.5 ? leaf 3 : leaf 4) : leaf 2, as attributes of nodes.
Attributes sample_tree();

}  // namespace slipway::ops
