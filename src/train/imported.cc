// Freeing the batch of an imported model.
#include "train/imported.h"

#include <algorithm>

#include "ops/all.h"

namespace slipway::train {

Graph with_free_batch(const Graph& model) {
  Graph freed = model;
  bool fixed = false;
  for (ValueId id : freed.inputs) {
    std::optional<Dims>& dims = freed.value(id).dims;
    if (!dims || dims->empty() || !dims->front().known()) continue;
    dims->front() = Dim::named("batch");
    fixed = true;
  }
  if (!fixed) return model;
  // What the file says of the values between goes with the batch.
  for (const Node& node : freed.nodes()) {
    for (ValueId id : node.outputs) {
      if (id.valid()) freed.value(id).dims.reset();
    }
  }
  const bool inferred = infer_types(freed).ok();
  const bool free = inferred && std::ranges::all_of(freed.outputs, [&](ValueId id) {
                      const std::optional<Dims>& dims = freed.value(id).dims;
                      return dims && !dims->empty() && !dims->front().known();
                    });
  return free ? freed : model;
}

}  // namespace slipway::train
