// Fuzz target: preparations in a model's metadata. Whatever stands there is refused, or a front that runs.
#include "formats/preparation.h"

#include <cstdint>
#include <string>

#include "data/front.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Graph model;
  ValueId x = model.add_input("input", DType::f32, Dims{Dim::named("batch"), 2});
  model.outputs = {x};
  model.metadata[kPreparationKey] = std::string(reinterpret_cast<const char*>(data), size);
  Result<std::optional<Preparation>> read = preparation_of(model);
  Result<Graph> apart = preparation_apart(model);
  if (apart.ok()) (void)preparation_joined(*apart).ok();
  if (!read.ok() || !*read) return 0;
  for (const RawInput& input : raw_inputs((*read)->front)) CHECK(!input.name.empty(), "an input without a name");
  (void)Front::create(model).ok();
  return 0;
}
