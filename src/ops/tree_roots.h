// The attributes of TreeEnsemble (ai.onnx.ml 5), which keeps branches and leaves apart.
#pragma once

#include "kernels/trees.h"
#include "ops/tree_ensemble.h"

namespace slipway::ops {

// The trees from each of `tree_roots`, as the lists of the older operators. An error that names what is missing,
// differs in length or leads nowhere.
Result<kernels::TreeLists> tree_lists_from_roots(const Node& node);

// By ONNX's numbers in the attributes `aggregate_function` and `post_transform`.
Result<kernels::TreeAggregate> numbered_aggregate(const Node& node);
Result<kernels::PostTransform> numbered_post_transform(const Node& node);

}  // namespace slipway::ops
