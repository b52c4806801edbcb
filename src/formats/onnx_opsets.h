// The opsets of ONNX's default domain that Slipway reads and writes. Whoever names a limit takes it from here.
#pragma once

namespace slipway {

inline constexpr int kOldestReadOpset = 1;
inline constexpr int kNewestReadOpset = 27;

inline constexpr int kOldestWrittenOpset = 9;
// What is newer than the canonical opset (formats/onnx_versions.h) only adds operators and types.
inline constexpr int kNewestWrittenOpset = 24;
// Written unless another one is asked for, or the model needs a newer one: every runtime reads it.
inline constexpr int kUsualOpset = 17;

}  // namespace slipway
