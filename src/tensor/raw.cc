// Tensors from the bytes of files and messages.
#include "tensor/raw.h"

#include <bit>
#include <cstring>

namespace slipway {

static_assert(std::endian::native == std::endian::little, "raw elements are little-endian");

Tensor tensor_from_raw(DType dtype, Shape shape, std::string_view bytes) {
  CHECK(dtype != DType::string, "strings have no raw form");
  Tensor tensor(dtype, std::move(shape));
  CHECK(bytes.size() == tensor.bytes(), "raw elements of another count");
  if (dtype == DType::boolean) {
    std::span<bool> to = tensor.mutable_data<bool>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = bytes[i] != 0;
  } else if (!bytes.empty()) {
    std::memcpy(tensor.mutable_raw(), bytes.data(), bytes.size());
  }
  return tensor;
}

}  // namespace slipway
