// Freeing the batch of an imported model.
#include "train/imported.h"

#include <algorithm>

#include "graph/replace_value.h"
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

Result<Graph> with_first_nodes(const Graph& model, const Dims& dims,
                               const std::function<ValueId(Builder&, ValueId)>& first) {
  Graph graph = model;
  const ValueId old = graph.inputs[0];
  const std::string name = graph.value(old).name;
  graph.rename(old, graph.fresh_name(name + "_first"));
  const ValueId input = graph.add_value(name, graph.value(old).dtype, dims);
  graph.inputs[0] = input;
  std::vector<Node> nodes = std::move(graph.nodes());
  graph.nodes().clear();
  Builder b(graph, all_operators(), "first/");
  const ValueId made = first(b, input);
  RETURN_IF_ERROR(b.status());
  for (Node& node : nodes) graph.add_node(std::move(node));
  replace_value(graph, made, old);
  graph.remove_dead_nodes();
  return compacted(graph);
}

Result<Graph> with_example_shape(const Graph& model, const Shape& shape) {
  if (model.inputs.size() != 1 || !model.value(model.inputs[0]).dims) return model;
  const Value& input = model.value(model.inputs[0]);
  const Dims& dims = *input.dims;
  if (input.dtype != DType::f32 || dims.empty() || dims.size() == shape.size() + 1) return model;
  std::vector<int64_t> wanted, found;
  for (size_t d = 1; d < dims.size(); ++d) {
    if (!dims[d].known()) return model;
    if (dims[d].size != 1) wanted.push_back(dims[d].size);
  }
  for (int64_t size : shape) {
    if (size != 1) found.push_back(size);
  }
  if (wanted != found) return model;
  Dims taken = to_dims(shape);
  taken.insert(taken.begin(), dims[0]);
  std::vector<int64_t> target = {-1};
  for (size_t d = 1; d < dims.size(); ++d) target.push_back(dims[d].size);
  return with_first_nodes(model, taken, [&](Builder& b, ValueId x) { return b.op("Reshape", {x, b.ints(target)}); });
}

}  // namespace slipway::train
