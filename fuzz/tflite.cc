// Fuzz target: the TensorFlow Lite reader on arbitrary bytes.
#include <string_view>

#include "formats/tflite.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::Result<slipway::Graph> graph =
      slipway::read_tflite(std::string_view(reinterpret_cast<const char*>(data), size));
  if (graph.ok() && !slipway::verify(*graph).ok()) __builtin_trap();
  return 0;
}
