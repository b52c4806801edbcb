// Fuzz target: the .npy reader.
#include "tensor/npy.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  slipway::Result<slipway::Tensor> tensor = slipway::parse_npy(bytes, "fuzz");
  if (tensor.ok()) CHECK(slipway::npy_bytes(*tensor).ok(), "a tensor was read that cannot be written");
  return 0;
}
