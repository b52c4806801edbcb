// One value in the place of another.
#include "graph/replace_value.h"

#include <algorithm>

namespace slipway {

void replace_value(Graph& graph, ValueId id, ValueId by) {
  const Value from = graph.value(id);
  CHECK(!from.data.defined() && !graph.value(by).data.defined(), "a constant has no producer to take over");
  graph.value(by).dtype = from.dtype;
  graph.value(by).dims = from.dims;
  for (Node& node : graph.nodes()) std::replace(node.outputs.begin(), node.outputs.end(), id, by);
  graph.replace_uses(id, by);
}

}  // namespace slipway
