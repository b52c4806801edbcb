// Adding up elements and the texts behind them.
#include "tensor/held_bytes.h"

#include <string>

namespace slipway {

int64_t held_bytes(const Tensor& tensor) {
  if (!tensor.defined()) return 0;
  auto bytes = static_cast<int64_t>(tensor.bytes());
  if (tensor.dtype() != DType::string) return bytes;
  for (const std::string& text : tensor.data<std::string>()) bytes += static_cast<int64_t>(text.size());
  return bytes;
}

int64_t held_bytes(std::span<const Tensor> tensors) {
  int64_t bytes = 0;
  for (const Tensor& tensor : tensors) bytes += held_bytes(tensor);
  return bytes;
}

}  // namespace slipway
