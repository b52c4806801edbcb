// Subgraphs and captures of a node.
#include "graph/captures.h"

namespace slipway {

std::vector<Body> bodies(const Node& node) {
  std::vector<Body> found;
  for (const auto& [name, value] : node.attributes.items()) {
    const auto* body = std::get_if<std::shared_ptr<const Graph>>(&value);
    if (body != nullptr && *body != nullptr) found.emplace_back(name, *body);
  }
  return found;
}

size_t captured_inputs(const Node& node) {
  for (const auto& [name, value] : node.attributes.items()) {
    if (const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&value)) {
      return static_cast<size_t>((*subgraph)->captures);
    }
  }
  return 0;
}

}  // namespace slipway
