// A value under another name.
#include "graph/rename.h"

#include <algorithm>

namespace slipway {

ValueId renamed(Graph& graph, ValueId id, std::string name) {
  const Value old = graph.value(id);
  if (old.name == name) return id;
  CHECK(!graph.find(name).valid(), "a value of that name exists");
  ValueId to = graph.add_value(std::move(name), old.dtype, old.dims);
  for (Node& node : graph.nodes()) std::replace(node.outputs.begin(), node.outputs.end(), id, to);
  graph.replace_uses(id, to);
  return to;
}

}  // namespace slipway
