// Graphs run node by node.
#include "support/run_nodes.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "ops/evaluate.h"

namespace slipway {

std::vector<Tensor> run_nodes(const Graph& graph, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> values(graph.value_count());
  for (size_t v = 0; v < values.size(); ++v) values[v] = graph.value({static_cast<int32_t>(v)}).data;
  for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph.inputs[i].index)] = inputs[i];
  for (const Node& node : graph.nodes()) {
    std::vector<Tensor> in;
    for (ValueId id : node.inputs) in.push_back(id.valid() ? values[static_cast<size_t>(id.index)] : Tensor());
    Result<std::vector<Tensor>> out = ops::evaluate(node, in);
    EXPECT_TRUE(out.ok()) << describe(node) << ": " << out.status().message();
    if (!out.ok()) return {};
    for (size_t i = 0; i < out->size(); ++i) {
      if (node.has_output(i)) values[static_cast<size_t>(node.outputs[i].index)] = (*out)[i];
    }
  }
  std::vector<Tensor> results;
  for (ValueId id : graph.outputs) results.push_back(values[static_cast<size_t>(id.index)]);
  return results;
}

std::string op_types(const Graph& graph) {
  std::string names;
  for (const Node& node : graph.nodes()) names += (names.empty() ? "" : " ") + node.op_type;
  return names;
}

Tensor random_floats(Shape shape, uint64_t seed) {
  Random random(seed);
  Tensor t(DType::f32, std::move(shape));
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.normal());
  return t;
}

}  // namespace slipway
