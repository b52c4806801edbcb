// Typing of bodies.
#include "ops/control_flow.h"

#include <fmt/format.h>

#include "graph/captures.h"

namespace slipway::ops {

namespace {

std::optional<Dims> merged_dims(const std::optional<Dims>& a, const std::optional<Dims>& b) {
  if (!a || !b || a->size() != b->size()) return std::nullopt;
  Dims dims = *a;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (!dims[d].same((*b)[d])) dims[d] = Dim();
  }
  return dims;
}

bool same_dims(const std::optional<Dims>& a, const std::optional<Dims>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return std::equal(a->begin(), a->end(), b->begin(), b->end(),
                    [](const Dim& x, const Dim& y) { return x.size == y.size && x.symbol == y.symbol; });
}

}  // namespace

size_t formal_inputs(const Node& node) { return node.inputs.size() - captured_inputs(node); }

ValueType input_type(InferContext& c, size_t i) { return c.has_input(i) ? c.type(i) : ValueType(); }

Result<ValueType> merged(const ValueType& a, const ValueType& b) {
  if (a.dtype == DType::undefined || b.dtype == DType::undefined) {
    DType dtype = a.dtype == DType::undefined ? b.dtype : a.dtype;
    return is_tensor(dtype) ? tensor_type(dtype) : ValueType{dtype, Dims(), nullptr};
  }
  if (a.dtype != b.dtype) return invalid(fmt::format("{} and {} cannot be one value", to_string(a), to_string(b)));
  if (is_tensor(a.dtype)) return tensor_type(a.dtype, merged_dims(a.dims, b.dims));
  ValueType type{a.dtype, Dims(), a.element == nullptr ? b.element : a.element};
  if (a.element == nullptr || b.element == nullptr) return type;
  type.element = std::make_shared<const ValueType>(TRY(merged(*a.element, *b.element)));
  return type;
}

bool same_type(const ValueType& a, const ValueType& b) {
  if (a.dtype != b.dtype || !same_dims(a.dims, b.dims)) return false;
  if (a.element == nullptr || b.element == nullptr) return a.element == b.element;
  return same_type(*a.element, *b.element);
}

Result<std::shared_ptr<const Graph>> inferred_body(InferContext& c, const char* name,
                                                   const std::vector<ValueType>& formal) {
  auto body = std::make_shared<Graph>(*c.node().graph(name));
  auto captures = static_cast<size_t>(body->captures);
  auto give = [&](size_t input, const ValueType& type) {
    if (type.dtype != DType::undefined) body->value(body->inputs[input]).set_type(type);
  };
  for (size_t i = 0; i < formal.size(); ++i) give(i, formal[i]);
  for (size_t i = 0; i < captures; ++i) give(formal.size() + i, input_type(c, c.input_count() - captures + i));
  RETURN_IF_ERROR(infer_types(*body).at(name));
  return std::shared_ptr<const Graph>(std::move(body));
}

ValueType output_type(const Graph& body, size_t i) { return body.value(body.outputs[i]).type(); }

Status check_body(const Node& node, const char* name, size_t inputs, size_t outputs) {
  std::shared_ptr<const Graph> body = node.graph(name);
  size_t found = body->inputs.size() - static_cast<size_t>(body->captures);
  if (found != inputs) return invalid(fmt::format("{} takes {} inputs; expected {}", name, found, inputs));
  if (body->outputs.size() >= outputs) return {};
  return invalid(fmt::format("{} gives {} outputs; expected {} or more", name, body->outputs.size(), outputs));
}

Result<ValueType> stacked(const ValueType& type, int64_t axis, Dim size) {
  if (!is_tensor(type.dtype)) return invalid(fmt::format("{} cannot be stacked; expected a tensor", to_string(type)));
  if (!type.dims) return type;
  int64_t at = TRY(normalize_axis(axis, static_cast<int64_t>(type.dims->size()) + 1));
  Dims dims = *type.dims;
  dims.insert(dims.begin() + at, std::move(size));
  return tensor_type(type.dtype, std::move(dims));
}

Result<ValueType> sliced(const ValueType& type, int64_t axis) {
  if (!is_tensor(type.dtype)) return invalid(fmt::format("{} cannot be sliced; expected a tensor", to_string(type)));
  if (!type.dims) return type;
  int64_t at = TRY(normalize_axis(axis, static_cast<int64_t>(type.dims->size())));
  Dims dims = *type.dims;
  dims.erase(dims.begin() + at);
  return tensor_type(type.dtype, std::move(dims));
}

}  // namespace slipway::ops
