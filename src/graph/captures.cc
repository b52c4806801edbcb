// Captures of a node's subgraphs.
#include "graph/captures.h"

namespace slipway {

size_t captured_inputs(const Node& node) {
  for (const auto& [name, value] : node.attributes.items()) {
    if (const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&value)) {
      return static_cast<size_t>((*subgraph)->captures);
    }
  }
  return 0;
}

}  // namespace slipway
