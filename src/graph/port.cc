// Ports of a graph and the check of what callers bring to them.
#include "graph/port.h"

#include <map>

#include <fmt/format.h>

#include "tensor/sequence.h"

namespace slipway {

namespace {

std::vector<Port> ports(const Graph& graph, const Values& ids) {
  std::vector<Port> result;
  for (ValueId id : ids) {
    const Value& value = graph.value(id);
    result.push_back({value.name, value.dtype, value.dims.value_or(Dims()), !value.dims.has_value(), value.element});
  }
  return result;
}

std::string expected(const Port& port) {
  if (!is_tensor(port.dtype)) return to_string(ValueType{port.dtype, port.dims, port.element});
  return std::string(dtype_name(port.dtype)) + (port.any_rank ? "[...]" : to_string(port.dims));
}

bool fits(const Port& port, const Tensor& tensor) {
  if (!tensor.defined() || tensor.dtype() != port.dtype) return false;
  if (tensor.dtype() == DType::sequence && port.element != nullptr) {
    DType item = sequence_in(tensor).item;
    return tensor.rank() == 0 && (item == DType::undefined || item == port.element->dtype);
  }
  if (port.any_rank) return true;
  if (port.dims.empty() && tensor.count() == 1) return true;
  if (tensor.shape().size() != port.dims.size()) return false;
  for (size_t d = 0; d < port.dims.size(); ++d) {
    if (port.dims[d].known() && port.dims[d].size != tensor.shape()[d]) return false;
  }
  return true;
}

}  // namespace

std::vector<Port> input_ports(const Graph& graph) { return ports(graph, graph.inputs); }
std::vector<Port> output_ports(const Graph& graph) { return ports(graph, graph.outputs); }

Status check_inputs(const std::vector<Port>& ports, std::span<const Tensor> inputs) {
  if (ports.size() != inputs.size()) {
    std::string names;
    for (const Port& port : ports) names += (names.empty() ? "" : ", ") + port.name;
    return invalid(fmt::format("the model has {} inputs ({}); found {}", ports.size(), names, inputs.size()));
  }
  std::map<std::string, std::pair<int64_t, std::string>> symbols;
  for (size_t i = 0; i < ports.size(); ++i) {
    const Port& port = ports[i];
    if (!fits(port, inputs[i])) {
      return invalid(fmt::format("input \"{}\": expected {}, found {}", port.name, expected(port),
                                 inputs[i].defined() ? to_string(inputs[i].type()) : "nothing"));
    }
    for (size_t d = 0; d < port.dims.size(); ++d) {
      if (port.dims[d].symbol.empty()) continue;
      auto [it, fresh] = symbols.emplace(port.dims[d].symbol, std::pair(inputs[i].shape()[d], port.name));
      if (!fresh && it->second.first != inputs[i].shape()[d]) {
        return invalid(fmt::format("input \"{}\": size {} for \"{}\", but input \"{}\" has {}", port.name,
                                   inputs[i].shape()[d], port.dims[d].symbol, it->second.second, it->second.first));
      }
    }
  }
  return {};
}

}  // namespace slipway
