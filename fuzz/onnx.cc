// Fuzz target of the ONNX reader: any bytes give a graph that can be checked, shown and written, or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "formats/onnx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::Result<slipway::Graph> graph = slipway::read_onnx({reinterpret_cast<const char*>(data), size});
  if (!graph.ok()) return 0;
  (void)slipway::to_text(*graph);
  if (!slipway::verify(*graph).ok()) return 0;
  (void)slipway::write_onnx(*graph);
  return 0;
}
