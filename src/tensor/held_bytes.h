// Held bytes: how much memory tensors keep, the texts in them included.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace slipway {

// Of an undefined tensor 0. Memory that two of them share counts twice.
int64_t held_bytes(const Tensor& tensor);
int64_t held_bytes(std::span<const Tensor> tensors);

}  // namespace slipway
