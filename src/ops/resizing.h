// What Resize and its gradient share: the rule in the attributes, sizes from scales, passes over dimensions.
#pragma once

#include "kernels/resize.h"
#include "ops/infer.h"

namespace slipway::ops {

inline constexpr decltype(Operator::attributes) kResizeAttributes = {{{"antialias", 0},
                                                                      {"axes", kOptionalInts},
                                                                      {"coordinate_transformation_mode", "half_pixel"},
                                                                      {"cubic_coeff_a", -0.75f},
                                                                      {"exclude_outside", 0},
                                                                      {"extrapolation_value", 0.0f},
                                                                      {"keep_aspect_ratio_policy", "stretch"},
                                                                      {"mode", "nearest"},
                                                                      {"nearest_mode", "round_prefer_floor"}}};

// The attributes that tell how; an error names the spellings there are.
Result<kernels::ResizeRule> resize_rule(const Node& node);

// Output sizes of x for known `scales` or `sizes` (the other one null), after axes and keep_aspect_ratio_policy.
Result<Dims> resize_dims(const Node& node, const Dims& x, const Tensor* scales, const Tensor* sizes);

// A kernel that resamples input 0 (`in` for Resize, `out` for its gradient) pass by pass. Inputs `roi`, `scales` and
// `sizes` are indices of node inputs; an index that the node does not have means none.
struct ResizeInputs {
  size_t roi, scales, sizes;
};
Result<Kernel> resize_kernel(const PrepareContext& c, ResizeInputs inputs);
Result<Kernel> resize_grad_kernel(const PrepareContext& c, ResizeInputs inputs);

}  // namespace slipway::ops
