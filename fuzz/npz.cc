// Fuzz target: zip archives and the .npz files in them.
#include "tensor/npz.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto arrays = slipway::parse_npz({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!arrays.ok()) return 0;
  for (const auto& [name, array] : *arrays) CHECK(array.defined(), "an array without elements or type");
  return 0;
}
