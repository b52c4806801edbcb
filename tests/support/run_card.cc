// run_card: inference, preparation and one run of a single node.
#include "support/run_card.h"

#include <cstring>

#include <fmt/format.h>

#include "ops/all.h"
#include "ops/widened.h"
#include "tensor/tensor.h"

namespace slipway::ops {

namespace {

class MakeAlways final : public PackCache {
 public:
  Tensor get(const Tensor&, const std::string&, const std::function<Tensor()>& make) override { return make(); }
};

// A graph of the one node; its inputs are constants when `known`, else graph inputs of the same types.
Result<Graph> one_node(std::string_view op_type, const std::vector<Tensor>& inputs, const Attributes& attributes,
                       int outputs, std::string_view domain, bool known) {
  Graph graph;
  Node node;
  node.op_type = op_type;
  node.domain = domain;
  node.attributes = attributes;
  node.op = all_operators().find(op_type, domain);
  if (node.op == nullptr) return not_found(fmt::format("no card for {}", op_type));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& x = inputs[i];
    std::string name = fmt::format("x{}", i);
    ValueId id;
    if (x.defined() && known) id = graph.add_constant(name, x);
    if (x.defined() && !known) id = graph.add_input(name, x.dtype(), to_dims(x.shape()));
    node.inputs.push_back(id);
  }
  for (int i = 0; i < outputs; ++i) {
    node.outputs.push_back(graph.add_value(fmt::format("y{}", i)));
    graph.outputs.push_back(node.outputs.back());
  }
  graph.add_node(std::move(node));
  RETURN_IF_ERROR(verify(graph));
  RETURN_IF_ERROR(infer_types(graph));
  return graph;
}

Result<std::vector<Tensor>> run_prepared(const Node& node, const std::vector<Tensor>& inputs,
                                         const std::vector<TensorType>& out, bool constant) {
  std::vector<TensorType> in;
  std::vector<const Tensor*> constants;
  std::vector<const void*> in_pointers;
  for (const Tensor& x : inputs) {
    in.push_back(x.defined() ? x.type() : TensorType{});
    constants.push_back(constant && x.defined() ? &x : nullptr);
    in_pointers.push_back(x.raw());
  }
  std::vector<Tensor> results;
  std::vector<void*> out_pointers;
  for (const TensorType& type : out) {
    results.emplace_back(type.dtype, type.shape);
    if (type.dtype != DType::string) std::memset(results.back().mutable_raw(), 0xCD, results.back().bytes());
    out_pointers.push_back(results.back().mutable_raw());
  }
  if (node.op->view) {
    results[0] = inputs[0].reshaped(out[0].shape);
    return results;
  }
  MakeAlways packs;
  Kernel kernel = TRY(prepare_kernel(PrepareContext(node, in, out, constants, 1, &packs)));
  std::shared_ptr<std::byte> scratch = allocate_bytes(kernel.scratch_bytes);
  std::shared_ptr<void> instance = kernel.make_instance ? kernel.make_instance() : nullptr;
  Fault fault;
  kernel.run({in_pointers.data(), out_pointers.data(), scratch.get(), instance.get(), &fault});
  RETURN_IF_ERROR(fault.take().at(describe(node)));
  return results;
}

// Equal but for the order of summation, which packing a constant operand may change.
bool agree(const Tensor& a, const Tensor& b) {
  if (identical(a, b)) return true;
  if (!is_float(a.dtype()) || a.type() != b.type()) return false;
  Result<Difference> difference = compare(a, b, 1e-5, 1e-6);
  return difference.ok() && difference->outside == 0;
}

Status check_consistent(const Graph& known, const Graph& unknown, ValueId id) {
  const Value& a = known.value(id);
  const Value& b = unknown.value(id);
  if (b.dtype != DType::undefined && a.dtype != b.dtype) return internal("inference without contents: another dtype");
  if (!b.dims) return {};
  bool same = a.dims->size() == b.dims->size();
  for (size_t i = 0; same && i < a.dims->size(); ++i) {
    same = !(*b.dims)[i].known() || (*b.dims)[i].size == (*a.dims)[i].size;
  }
  if (same) return {};
  return internal(fmt::format("inferred {} with contents, {} without", to_string(*a.dims), to_string(*b.dims)));
}

}  // namespace

Result<std::vector<Tensor>> run_card(std::string_view op_type, const std::vector<Tensor>& inputs, Attributes attributes,
                                     int outputs, std::string_view domain) {
  Graph known = TRY(one_node(op_type, inputs, attributes, outputs, domain, true));
  Graph unknown = TRY(one_node(op_type, inputs, attributes, outputs, domain, false));
  const Node& node = known.nodes()[0];
  std::vector<TensorType> out;
  for (ValueId id : node.outputs) {
    const Value& value = known.value(id);
    std::optional<Shape> shape = value.dims ? known_shape(*value.dims) : std::nullopt;
    if (!shape) return internal(fmt::format("{}: inference left output \"{}\" unknown", op_type, value.name));
    RETURN_IF_ERROR(check_consistent(known, unknown, id));
    out.push_back({value.dtype, *shape});
  }
  std::vector<Tensor> results = TRY(run_prepared(node, inputs, out, true));
  std::vector<Tensor> again = TRY(run_prepared(node, inputs, out, false));
  for (size_t i = 0; i < results.size(); ++i) {
    if (!agree(results[i], again[i])) {
      return internal(
          fmt::format("with constant inputs {}, with computed ones {}", to_string(results[i]), to_string(again[i])));
    }
  }
  return results;
}

std::string card_text(std::string_view op_type, const std::vector<Tensor>& inputs, Attributes attributes,
                      std::string_view domain) {
  Result<std::vector<Tensor>> outputs = run_card(op_type, inputs, std::move(attributes), 1, domain);
  return outputs.ok() ? to_string((*outputs)[0]) : outputs.status().message();
}

}  // namespace slipway::ops
