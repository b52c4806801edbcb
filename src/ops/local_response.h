// What LRN and its gradient share.
#pragma once

#include "graph/operator.h"
#include "kernels/local_response.h"

namespace slipway::ops {

inline constexpr AttributeSpec kLrnAlpha = {"alpha", 1e-4f};
inline constexpr AttributeSpec kLrnBeta = {"beta", 0.75f};
inline constexpr AttributeSpec kLrnBias = {"bias", 1.0f};
inline constexpr AttributeSpec kLrnSize = {"size", kRequiredInt};

// Dimensions as input 0, which must be [N, C, ...]; so must a second input (dY).
Status infer_local_response(InferContext& c);

// Requires: x has rank 2 or more.
inline kernels::LocalResponse local_response_of(const Node& n, const TensorType& x) {
  int64_t planes = x.shape[0] * x.shape[1];
  return {x.shape[0],
          x.shape[1],
          planes == 0 ? 0 : x.count() / planes,
          n.integer("size"),
          static_cast<double>(n.real("alpha")),
          static_cast<double>(n.real("beta")),
          static_cast<double>(n.real("bias"))};
}

}  // namespace slipway::ops
