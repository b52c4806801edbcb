// Fuzz target: the reader of labelled examples that travel with a version.
#include "formats/holdout.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  slipway::Result<slipway::Holdout> holdout = slipway::parse_holdout(bytes, "fuzz");
  if (!holdout.ok()) return 0;
  for (const slipway::Tensor& t : holdout->inputs) CHECK(t.dim(0) == holdout->labels.dim(0), "a label per example");
  for (const slipway::Tensor& t : holdout->raw.values) CHECK(t.dim(0) == holdout->labels.dim(0), "a label per row");
  return 0;
}
