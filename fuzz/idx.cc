// Fuzz target: the IDX reader. What it accepts must come back from the writer byte for byte.
#include "data/idx.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  slipway::Result<slipway::Tensor> tensor = slipway::parse_idx(bytes, "fuzz");
  if (tensor.ok()) CHECK(slipway::idx_bytes(*tensor) == bytes, "an IDX file changed on its way through a tensor");
  return 0;
}
