// Fuzz target of the ONNX reader: any bytes give a graph that can be checked, typed, shown, written and read again, or
// an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "formats/onnx.h"
#include "graph/operator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::Result<slipway::Graph> graph = slipway::read_onnx({reinterpret_cast<const char*>(data), size});
  if (!graph.ok()) return 0;
  (void)slipway::to_text(*graph);
  if (!slipway::verify(*graph).ok() || !slipway::infer_types(*graph).ok()) return 0;
  slipway::Result<std::string> bytes = slipway::write_onnx(*graph);
  if (bytes.ok()) CHECK(slipway::read_onnx(*bytes).ok(), "what was written cannot be read");
  return 0;
}
