// Concat of dequantized tensors, quantized again, joins bytes; an input of another scale is brought to the result's
// first.
#include "rewrite/quantized_match.h"

namespace slipway {
namespace {

struct Match {
  size_t concat, quantize;
  std::vector<std::optional<rewrite::QuantizedValue>> inputs;
};

std::optional<Match> match(const Graph& graph, const rewrite::Neighbours& near, size_t n) {
  const Node& concat = graph.nodes()[n];
  if (concat.op_type != "Concat" || !concat.domain.empty() || concat.op == nullptr) return std::nullopt;
  const Node* quantize = near.only_reader(concat.outputs[0], "QuantizeLinear");
  std::optional<rewrite::LinearScale> y = quantize != nullptr ? rewrite::linear_scale(graph, *quantize) : std::nullopt;
  if (!y || y->dtype != DType::u8) return std::nullopt;
  Match m = {n, near.index(quantize), {}};
  for (ValueId in : concat.inputs) {
    std::optional<rewrite::QuantizedValue> x = rewrite::dequantized_from(graph, near, in);
    if (!x) return std::nullopt;
    if (x->scale == *y) {
      m.inputs.push_back(std::move(x));
    } else {
      m.inputs.emplace_back();
    }
  }
  return m;
}

void fuse(Graph& graph, const Match& m) {
  Node concat = graph.nodes()[m.concat];
  const Node quantize = graph.nodes()[m.quantize];
  for (size_t i = 0; i < concat.inputs.size(); ++i) {
    if (m.inputs[i]) {
      concat.inputs[i] = m.inputs[i]->stored;
      continue;
    }
    const Value x = graph.value(concat.inputs[i]);
    Node rescale = quantize;
    rescale.name = x.name + "_rescaled";
    rescale.inputs[0] = concat.inputs[i];
    rescale.outputs = {graph.add_value(graph.fresh_name(rescale.name), DType::u8, x.dims)};
    concat.inputs[i] = rescale.outputs[0];
    graph.add_node(std::move(rescale));
  }
  concat.outputs.clear();
  rewrite::produce_instead(graph, m.quantize, quantize.outputs[0], std::move(concat));
}

Result<int> apply(Graph& graph, const OperatorSet&) {
  rewrite::Neighbours near(graph);
  std::vector<Match> found;
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    if (std::optional<Match> m = match(graph, near, n)) found.push_back(std::move(*m));
  }
  for (const Match& m : found) fuse(graph, m);
  return static_cast<int>(found.size());
}

}  // namespace

REWRITE(fuse_quantized_concat) = {
    .name = "fuse_quantized_concat",
    .doc = "Concat between DequantizeLinear and QuantizeLinear of uint8 joins the bytes",
    .order = 6,
    .apply = apply,
};

}  // namespace slipway
