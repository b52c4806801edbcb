// What HannWindow, HammingWindow and BlackmanWindow share: a - b cos(2πi/n) + c cos(4πi/n).
#pragma once

#include "graph/operator.h"

namespace slipway::ops {

struct CosineWindow {
  double a, b, c;
};

inline constexpr AttributeSpec kOutputDatatype = {"output_datatype", 1};
inline constexpr AttributeSpec kPeriodic = {"periodic", 1};

// [size] of the type that output_datatype tells.
Status infer_window(InferContext& c);
// n is the size, or one less when the window is not periodic.
Result<Kernel> prepare_window(const PrepareContext& c, const CosineWindow& window);
std::vector<Sample> window_samples();

}  // namespace slipway::ops
