// TfliteModel → Graph: the walk over nodes, quantization at the seams, names.
#include "formats/tflite_raise.h"

#include <algorithm>

#include <fmt/format.h>

#include "graph/replace_value.h"
#include "ops/all.h"
#include "rewrite/sink_transposes.h"
#include "tensor/permute.h"

namespace slipway {

namespace {

const RaiseRule* find_rule(std::string_view name) {
  for (auto rules : {raise_arithmetic_rules(), raise_image_rules(), raise_recurrent_rules(), raise_shape_rules()}) {
    for (const RaiseRule& rule : rules) {
      if (rule.name == name) return &rule;
    }
  }
  return nullptr;
}

// Integer tensors that stand for real numbers. Quantization on wider indices and floats carries no meaning.
bool stands_for_reals(DType dtype) {
  return dtype == DType::i8 || dtype == DType::u8 || dtype == DType::i16 || dtype == DType::i32;
}

template <typename T>
Tensor zero_points(const Quantization& q, Shape shape) {
  std::vector<T> values;
  for (int64_t zero : q.zero_point) values.push_back(static_cast<T>(zero));
  return Tensor::of<T>(std::move(shape), values);
}

Tensor zero_point_tensor(const Quantization& q, DType dtype, const Shape& shape) {
  switch (dtype) {
    case DType::i8: return zero_points<int8_t>(q, shape);
    case DType::u8: return zero_points<uint8_t>(q, shape);
    case DType::i16: return zero_points<int16_t>(q, shape);
    default: return zero_points<int32_t>(q, shape);
  }
}

}  // namespace

Raiser::Raiser(const TfliteModel& model)
    : model_(model),
      builder_(out_, all_operators()),
      raised_(model.graph.value_count()),
      reals_(model.graph.value_count()) {}

ValueId Raiser::raw(ValueId tf) {
  ValueId& to = raised_[static_cast<size_t>(tf.index)];
  const Value& value = from().value(tf);
  if (!to.valid() && value.data.defined()) to = out_.add_constant(value.name, value.data);
  return to;
}

ValueId Raiser::op(std::string_view op_type, Values inputs, Attributes attributes) {
  return ops(op_type, std::move(inputs), 1, std::move(attributes))[0];
}

Values Raiser::ops(std::string_view op_type, Values inputs, int outputs, Attributes attributes) {
  if (all_operators().find(op_type) == nullptr) {
    builder_.fail(unsupported(fmt::format("it becomes ONNX's {}, for which there is no operator card", op_type)));
  }
  return builder_.ops(op_type, std::move(inputs), outputs, std::move(attributes));
}

namespace {

// The constants of a QuantizeLinear or DequantizeLinear, and its axis.
struct Scales {
  ValueId scale;
  ValueId zero_point;
  Attributes attributes;
};

Scales scales(Builder& b, const Quantization& q, DType dtype) {
  Shape shape = q.per_tensor() ? Shape{} : Shape{static_cast<int64_t>(q.scale.size())};
  Scales out{b.constant(Tensor::of<float>(shape, q.scale), "scale"),
             b.constant(zero_point_tensor(q, dtype, shape), "zero_point"),
             {}};
  if (!q.per_tensor()) out.attributes.set("axis", q.axis);
  return out;
}

}  // namespace

ValueId Raiser::input(const Node& node, size_t i) {
  if (i >= node.inputs.size() || !node.inputs[i].valid()) {
    builder_.fail(data_loss(fmt::format("input {} is missing", i)));
    return {};
  }
  ValueId tf = node.inputs[i];
  const Quantization* q = model_.quantization_of(tf);
  if (q == nullptr || !stands_for_reals(dtype(tf))) return raw(tf);
  ValueId& real = reals_[static_cast<size_t>(tf.index)];
  if (!real.valid()) {
    Scales s = scales(builder_, *q, dtype(tf));
    // An int32 bias has no zero point in ONNX.
    Values inputs{raw(tf), s.scale};
    if (dtype(tf) != DType::i32) inputs.push_back(s.zero_point);
    real = op("DequantizeLinear", std::move(inputs), std::move(s.attributes));
  }
  return real;
}

ValueId Raiser::optional_input(const Node& node, size_t i) { return node.has_input(i) ? input(node, i) : ValueId{}; }

ValueId Raiser::filter(const Node& node, size_t i, const std::vector<int64_t>& permutation) {
  if (!node.has_input(i) || !from().is_constant(node.inputs[i])) return transposed(input(node, i), permutation);
  const Value& value = from().value(node.inputs[i]);
  if (value.data.shape().size() != permutation.size()) {
    builder_.fail(data_loss(fmt::format("filter \"{}\" has {} dimensions; expected {}", value.name,
                                        value.data.shape().size(), permutation.size())));
    return {};
  }
  ValueId data = out_.add_constant(out_.fresh_name(value.name), permuted(value.data, permutation));
  const Quantization* q = model_.quantization_of(node.inputs[i]);
  if (q == nullptr || !stands_for_reals(value.dtype)) return data;
  Scales s = scales(builder_, *q, value.dtype);
  if (!q->per_tensor()) {
    auto at = std::find(permutation.begin(), permutation.end(), q->axis);
    s.attributes.set("axis", static_cast<int64_t>(at - permutation.begin()));
  }
  return op("DequantizeLinear", {data, s.scale, s.zero_point}, std::move(s.attributes));
}

Result<std::vector<int64_t>> Raiser::ints(const Node& node, size_t i, std::string_view what) const {
  if (!node.has_input(i) || !from().is_constant(node.inputs[i]) || !is_integer(dtype(node.inputs[i]))) {
    return unsupported(fmt::format("{} (input {}) are not constant integers", what, i));
  }
  return from().value(node.inputs[i]).data.to_ints();
}

Result<float> Raiser::real(const Node& node, size_t i, std::string_view what) const {
  bool constant = node.has_input(i) && from().is_constant(node.inputs[i]);
  if (!constant || from().value(node.inputs[i]).data.count() != 1) {
    return unsupported(fmt::format("{} (input {}) is no constant number", what, i));
  }
  return static_cast<float>(from().value(node.inputs[i]).data.to_doubles()[0]);
}

ValueId Raiser::transposed(ValueId x, const std::vector<int64_t>& permutation) {
  return op("Transpose", {x}, {{"perm", permutation}});
}

Result<ValueId> Raiser::activated(const Node& node, ValueId x) {
  std::string activation = node.has("fused_activation_function") ? node.text("fused_activation_function") : "NONE";
  if (activation == "NONE") return x;
  if (activation == "RELU") return op("Relu", {x});
  if (activation == "RELU6") return op("Clip", {x, scalar(0), scalar(6)});
  if (activation == "RELU_N1_TO_1") return op("Clip", {x, scalar(-1), scalar(1)});
  if (activation == "TANH") return op("Tanh", {x});
  return unsupported(fmt::format("fused activation {} has no counterpart in ONNX", activation));
}

void Raiser::set(const Node& node, size_t i, ValueId value) {
  if (!builder_.status().ok() || i >= node.outputs.size()) return;
  ValueId tf = node.outputs[i];
  const Quantization* q = model_.quantization_of(tf);
  bool becomes_integer = q != nullptr && stands_for_reals(dtype(tf)) && builder_.dtype(value) == DType::f32;
  if (becomes_integer) {
    Scales s = scales(builder_, *q, dtype(tf));
    value = op("QuantizeLinear", {value, s.scale, s.zero_point}, std::move(s.attributes));
  }
  raised_[static_cast<size_t>(tf.index)] = value;
}

Status Raiser::raise_node(const Node& node) {
  const RaiseRule* rule = find_rule(node.op_type);
  if (rule == nullptr) return unsupported("this operator has no counterpart in ONNX that is known here");
  for (ValueId in : node.inputs) {
    if (in.valid() && !raw(in).valid())
      return data_loss(fmt::format("input \"{}\" is not ready", from().value(in).name));
  }
  RETURN_IF_ERROR(rule->raise(*this, node));
  return builder_.status();
}

// Gives the graph's outputs the names that the file gives them.
Status Raiser::name_outputs() {
  for (ValueId tf : from().outputs) {
    ValueId value = raw(tf);
    if (!value.valid()) return data_loss(fmt::format("graph output \"{}\" is not computed", from().value(tf).name));
    bool listed = std::find(out_.outputs.begin(), out_.outputs.end(), value) != out_.outputs.end();
    bool is_input = std::find(out_.inputs.begin(), out_.inputs.end(), value) != out_.inputs.end();
    if (listed || is_input || out_.is_constant(value)) value = op("Identity", {value});
    RETURN_IF_ERROR(builder_.status());
    ValueId named = named_outputs_[out_.outputs.size()];
    replace_value(out_, value, named);
    std::replace(raised_.begin(), raised_.end(), value, named);
    out_.outputs.push_back(named);
  }
  return {};
}

Result<Graph> Raiser::raise() {
  out_.name = from().name;
  out_.doc = from().doc;
  for (ValueId tf : from().inputs) {
    const Value& value = from().value(tf);
    raised_[static_cast<size_t>(tf.index)] = out_.add_input(value.name, value.dtype, value.dims);
  }
  // Taken before anything else may take them.
  for (ValueId tf : from().outputs) named_outputs_.push_back(out_.add_value(out_.fresh_name(from().value(tf).name)));
  for (const Node& node : from().nodes()) {
    Status status = raise_node(node);
    if (!status.ok()) return status.at(describe(node));
  }
  RETURN_IF_ERROR(name_outputs());
  out_.remove_dead_nodes();
  RETURN_IF_ERROR(sink_transposes(out_));
  Graph result = compacted(out_);
  RETURN_IF_ERROR(verify(result));
  return result;
}

Result<Graph> raise_tflite(const TfliteModel& model) { return Raiser(model).raise(); }

Result<Graph> read_tflite(std::string_view bytes) { return raise_tflite(TRY(parse_tflite(bytes))); }

}  // namespace slipway
