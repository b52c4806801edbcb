// Fuzz target: the JSON of manifests, webhooks and clients. What is read comes back from what is written.
#include "base/json.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::Result<slipway::Json> json = slipway::Json::parse({reinterpret_cast<const char*>(data), size});
  if (!json.ok()) return 0;
  const std::string text = json->dump();
  slipway::Result<slipway::Json> again = slipway::Json::parse(text);
  CHECK(again.ok() && again->dump() == text, "JSON changed on its way through text");
  return 0;
}
