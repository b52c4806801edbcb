// Values that subgraphs capture: constants go inside, what no subgraph reads is captured no more.
#include <algorithm>

#include "graph/captures.h"
#include "rewrite/rewrite.h"

namespace slipway {
namespace {

using Bodies = std::vector<std::pair<std::string, Graph>>;

bool reads(const Graph& body, ValueId id) { return body.use_counts()[static_cast<size_t>(id.index)] > 0; }

// Capture k of every body becomes the constant `data`, or nothing when that is undefined.
void drop_capture(Bodies& bodies, size_t k, const std::string& name, const Tensor& data) {
  for (auto& [attribute, body] : bodies) {
    auto captures = static_cast<size_t>(body.captures);
    auto at = body.inputs.begin() + static_cast<ptrdiff_t>(body.inputs.size() - captures + k);
    if (data.defined() && reads(body, *at)) {
      body.replace_uses(*at, body.add_constant(body.fresh_name(name), data));
    }
    body.inputs.erase(at);
    --body.captures;
  }
}

int fold(Graph& graph, Node& node, const rewrite::FixedValues& fixed) {
  size_t captures = captured_inputs(node);
  if (captures == 0) return 0;
  Bodies changed;
  for (const auto& [name, body] : bodies(node)) changed.emplace_back(name, *body);
  int changes = 0;
  for (size_t k = captures; k-- > 0;) {  // captures behind k are those that stay
    auto input = node.inputs.end() - static_cast<ptrdiff_t>(captures - k);
    bool read = std::any_of(changed.begin(), changed.end(), [&](const auto& entry) {
      const Graph& body = entry.second;
      return reads(body, body.inputs[body.inputs.size() - captures + k]);
    });
    bool constant = fixed(*input);
    if (read && !constant) continue;
    const Value& value = graph.value(*input);
    drop_capture(changed, k, value.name, constant ? value.data : Tensor());
    node.inputs.erase(input);
    --captures;
    ++changes;
  }
  if (changes == 0) return 0;
  for (auto& [name, body] : changed) node.attributes.set(name, std::make_shared<const Graph>(std::move(body)));
  return changes;
}

Result<int> apply(Graph& graph, const OperatorSet&) {
  rewrite::FixedValues fixed(graph);
  int changes = 0;
  for (Node& node : graph.nodes()) changes += fold(graph, node, fixed);
  return changes;
}

}  // namespace

REWRITE(fold_captures) = {
    .name = "fold_captures",
    .doc = "a constant that subgraphs capture becomes their own; what none of them reads is not captured",
    .order = 12,
    .apply = apply,
    .portable = true,
};

}  // namespace slipway
