// Pieces that the rules of several downgrades share.
#include "formats/onnx_downgrade_pieces.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway::downgrade {

DType dtype_or_float(const Mover& m, ValueId id) {
  DType dtype = id.valid() ? m.value(id).dtype : DType::undefined;
  return dtype == DType::undefined ? DType::f32 : dtype;
}

Status computed(const Mover& m, const char* what) {
  return unsupported(fmt::format("its {} are computed by the model, and opset {} wants them fixed; write a newer opset",
                                 what, m.target()));
}

void erase_default(Node& node, const char* name, const Attribute& otherwise) {
  const Attribute* value = node.attributes.find(name);
  if (value == nullptr || value->index() != otherwise.index()) return;
  bool same = std::visit(
      [&]<typename T>(const T& v) {
        if constexpr (std::is_same_v<T, Tensor> || std::is_same_v<T, std::shared_ptr<const Graph>>)
          return false;
        else
          return v == std::get<T>(otherwise);
      },
      *value);
  if (same) node.attributes.erase(name);
}

void erase_ones(Node& node, const char* name) {
  const Attribute* value = node.attributes.find(name);
  const auto* list = value == nullptr ? nullptr : std::get_if<Ints>(value);
  if (list != nullptr && std::all_of(list->begin(), list->end(), [](int64_t v) { return v == 1; })) {
    node.attributes.erase(name);
  }
}

Status input_to_attribute(Mover& m, Node& node, size_t i, const char* name) {
  if (!node.has_input(i)) return {};
  const Tensor* values = m.constant_input(node, i);
  if (values == nullptr || !is_integer(values->dtype())) return computed(m, name);
  node.attributes.set(name, values->to_ints());
  node.inputs[i] = {};
  return {};
}

Status scalar_to_attribute(Mover& m, Node& node, size_t i, const char* name) {
  if (!node.has_input(i)) return {};
  const Tensor* value = m.constant_input(node, i);
  if (value == nullptr || value->count() != 1 || value->dtype() == DType::string) return computed(m, name);
  node.attributes.set(name, static_cast<float>(value->to_doubles()[0]));
  node.inputs[i] = {};
  return {};
}

Result<int64_t> needed_rank(const Mover& m, ValueId id, const char* why) {
  std::optional<int64_t> rank = m.rank(id);
  if (rank) return *rank;
  return unsupported(fmt::format("the rank of its input is unknown, and {} needs it", why));
}

namespace {

// A reduction over no axes: what remains is done to each element by itself.
void over_no_axes(Node& node) {
  struct Inner {
    const char* reduction;
    const char* op;
  };
  constexpr Inner kInner[] = {{"ReduceL1", "Abs"}, {"ReduceL2", "Abs"}, {"ReduceLogSum", "Log"}};
  node.attributes = {};
  if (node.op_type == "ReduceSumSquare") {
    node.op_type = "Mul";
    node.inputs.push_back(node.inputs[0]);
    return;
  }
  auto it =
      std::find_if(std::begin(kInner), std::end(kInner), [&](const Inner& i) { return i.reduction == node.op_type; });
  node.op_type = it == std::end(kInner) ? "Identity" : it->op;
}

}  // namespace

Status reduce_axes(Mover& m, Node& node) {
  bool nothing = take_int(node, "noop_with_empty_axes").value_or(0) != 0;
  const Tensor* axes = m.constant_input(node, 1);
  if (node.has_input(1) && axes == nullptr) return computed(m, "axes");
  if (axes != nullptr && axes->count() > 0) node.attributes.set("axes", axes->to_ints());
  drop_inputs(node, 1);
  if (nothing && !node.has("axes")) over_no_axes(node);
  return {};
}

}  // namespace slipway::downgrade
