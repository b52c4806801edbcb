// What GroupNormalization, InstanceNormalization and their gradient share.
#pragma once

#include "graph/builder.h"

namespace slipway::ops {

// num_groups, or as many as there are channels where the operator has no such attribute. An error for X, scale and bias
// that do not fit.
Status infer_group_normalization(InferContext& c);
// The same of the gradient's inputs: X, scale, dY.
Status infer_group_normalization_grad(InferContext& c);
Result<Kernel> prepare_group_normalization(const PrepareContext& c);
// (dX, dscale, dbias) through slipway.GroupNormalizationGrad.
Result<Values> group_normalization_gradient(Builder& b, const Node& n, const Values& x, const Values& y,
                                            const Values& dy);

}  // namespace slipway::ops
