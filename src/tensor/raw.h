// Tensors from the bytes of files and messages.
#pragma once

#include <string_view>

#include "tensor/tensor.h"

namespace slipway {

// A copy of little-endian elements in row-major order. Any byte but 0 is true: a C++ bool must be 0 or 1, whatever the
// file says. Requires: not string; `bytes` are as many as the type has.
Tensor tensor_from_raw(DType dtype, Shape shape, std::string_view bytes);

}  // namespace slipway
