// Fuzz target: the safetensors reader.
#include "formats/safetensors.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  slipway::Result<slipway::TensorFile> file = slipway::parse_safetensors(bytes, "fuzz");
  if (!file.ok()) return 0;
  for (const auto& [name, tensor] : file->tensors) CHECK(tensor.bytes() <= size, "more bytes than the file has");
  return 0;
}
