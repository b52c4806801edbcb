// Fuzz target: what people write by hand in TOML, recipes and repair policies.
#include <cstdint>

#include "repair/policy.h"
#include "train/recipe.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)slipway::train::parse_recipe(text, "fuzz.toml", "/nowhere").ok();
  (void)slipway::Policy::parse(text, "fuzz.toml").ok();
  return 0;
}
