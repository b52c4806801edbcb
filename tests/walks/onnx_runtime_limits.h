// What ONNX Runtime does not do, or does otherwise than ONNX says.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "kernels/widened_int8.h"

namespace slipway::walks {

// Whether the runtime says that the file is right, but that it has no kernel for such types.
inline bool runtime_lacks_kernel(std::string_view message) {
  constexpr std::string_view kWays[] = {"layout_ == 0", "NOT_IMPLEMENTED", "Could not find an implementation",
                                        "is not supported with"};
  return std::ranges::any_of(kWays, [&](std::string_view way) { return message.find(way) != message.npos; });
}

// What ONNX has and this runtime refuses, or answers by chance or otherwise; by the sample's name.
struct RuntimeLimit {
  std::string_view sample, why;
  int below = 1000;  // opsets
};
inline constexpr RuntimeLimit kRuntimeLimits[] = {
    {"Dropout sample 1", "gives a mask of zeros where nothing is dropped", 12},
    {"Dropout sample 2", "drops at random"},
    {"Dropout sample 3", "drops at random"},
    {"LRN sample 1", "an even size"},
    {"Mod sample 1", "floats without fmod"},
    {"Mod sample 2", "floats without fmod"},
    {"ai.onnx.ml.FeatureVectorizer", "inputs of several types"},
    {"ai.onnx.ml.Scaler", "one offset for all features"},
    {"ai.onnx.ml.ZipMap", "its results do not reach JavaScript"},
    {"ai.onnx.preview.training", "not built in"},
    {"slipway.data", "operators of our own"},
    {"MaxUnpool sample 1", "takes I as places in output_shape; in ONNX's own test they are those of what was pooled"},
};
// Its 8-bit products, like oneDNN's, saturate in 16 bits on processors without VNNI (its own advice: reduce_range).
// Ours are exact there (MatMulInteger.IsExact, ConvInteger.IsExact… hold them to the definition).
inline constexpr std::string_view kSaturating[] = {"ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul"};

inline bool runtime_differs(const std::string& where, int opset) {
  auto begins = [&](std::string_view sample) { return where.starts_with(sample); };
  if (!kernels::sums_bytes_exactly() && std::ranges::any_of(kSaturating, begins)) return true;
  return std::ranges::any_of(kRuntimeLimits,
                             [&](const RuntimeLimit& limit) { return begins(limit.sample) && opset < limit.below; });
}

}  // namespace slipway::walks
