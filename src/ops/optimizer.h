// What the optimizer cards share: inputs in groups of n tensors, outputs in groups of n tensors.
#pragma once

#include "graph/operator.h"

namespace slipway::ops {

// Inputs of an optimizer card: `scalars` scalars, then `in_groups` groups of n tensors; outputs: `out_groups` groups.
struct OptimizerLayout {
  size_t scalars;
  size_t in_groups;
  size_t out_groups;
};

// Outputs have the types of the parameters (group 0); an error when the groups do not match one another.
Status infer_optimizer(InferContext& c, const OptimizerLayout& layout);

}  // namespace slipway::ops
