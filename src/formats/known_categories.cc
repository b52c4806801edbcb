// Known categories: the keys of a column's encoder; a second one only says where it is missing.
#include "formats/known_categories.h"

#include <algorithm>

#include "graph/operator.h"

namespace slipway {

std::optional<std::vector<std::string>> known_categories(const Graph& front, ValueId input) {
  for (const Node& node : front.nodes()) {
    if (node.op_type != "LabelEncoder" || node.inputs[0] != input) continue;
    std::vector<std::string> keys = node.strings("keys_strings");
    std::erase(keys, std::string());
    if (!keys.empty()) return keys;
  }
  return std::nullopt;
}

}  // namespace slipway
