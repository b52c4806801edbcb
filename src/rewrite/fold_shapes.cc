// Shapes that inference knows become constants, wherever the values come from.
#include <algorithm>

#include "rewrite/rewrite.h"

namespace slipway {
namespace {

// Dimensions [start, end) of a Shape node's input, when all of them are known.
std::optional<std::vector<int64_t>> known_part(const Graph& graph, const Node& node) {
  const auto& dims = graph.value(node.inputs[0]).dims;
  if (!dims) return std::nullopt;
  auto rank = static_cast<int64_t>(dims->size());
  auto border = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t start = border(node.integer("start"));
  int64_t end = node.has("end") ? border(node.integer("end")) : rank;
  std::vector<int64_t> sizes;
  for (int64_t d = start; d < end; ++d) {
    const Dim& dim = (*dims)[static_cast<size_t>(d)];
    if (!dim.known()) return std::nullopt;
    sizes.push_back(dim.size);
  }
  return sizes;
}

Result<int> apply(Graph& graph, const OperatorSet&) {
  int changes = 0;
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node node = graph.nodes()[n];
    if (node.op == nullptr || node.op_type != "Shape" || !node.domain.empty()) continue;
    ValueId out = node.outputs[0];
    bool is_output = std::find(graph.outputs.begin(), graph.outputs.end(), out) != graph.outputs.end();
    std::optional<std::vector<int64_t>> sizes = known_part(graph, node);
    bool used = std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& other) {
      return std::find(other.inputs.begin(), other.inputs.end(), out) != other.inputs.end();
    });
    if (is_output || !used || !sizes) continue;
    Tensor constant = Tensor::of<int64_t>({static_cast<int64_t>(sizes->size())}, *sizes);
    graph.replace_uses(out, graph.add_constant(graph.fresh_name(graph.value(out).name), std::move(constant)));
    ++changes;
  }
  // What was computed from shapes may be a shape itself now.
  if (changes > 0) RETURN_IF_ERROR(infer_types(graph));
  return changes;
}

}  // namespace

REWRITE(fold_shapes) = {
    .name = "fold_shapes",
    .doc = "Shape of a value whose sizes are known becomes a constant",
    .order = 5,
    .apply = apply,
    .portable = true,
};

}  // namespace slipway
