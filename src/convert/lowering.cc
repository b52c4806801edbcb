// The walk over ONNX nodes that emits TFLite nodes, and names.
#include "convert/lowering.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/tflite_names.h"
#include "formats/tflite_operators.h"
#include "formats/tflite_runtime.h"
#include "graph/operator.h"
#include "graph/replace_value.h"

namespace slipway::convert {

namespace {

const LowerRule* find_rule(std::string_view name) {
  for (auto rules :
       {lower_activation_rules(), lower_arithmetic_rules(), lower_shape_rules(), lower_quantization_rules()}) {
    for (const LowerRule& rule : rules) {
      if (rule.name == name) return &rule;
    }
  }
  return nullptr;
}

const TfliteName* find_name(const Node& node) {
  for (const TfliteName& name : tflite_names()) {
    if (name.onnx == node.op_type) return &name;
  }
  return nullptr;
}

// Why there is no rule, in the card's words where it has some.
std::string reason_of(const Node& node) {
  if (!node.domain.empty()) return fmt::format("TFLite knows no domain \"{}\"", node.domain);
  if (node.op->tflite.name == nullptr) {
    return node.op->tflite.note != nullptr ? node.op->tflite.note : "TFLite has no such operator";
  }
  return fmt::format("TFLite has {}, but no lowering to it is written yet", node.op->tflite.name);
}

// TFLite's CPU kernels compute in float32.
std::optional<std::string> unfit_type(const Graph& graph, const Node& node) {
  for (const Values* values : {&node.inputs, &node.outputs}) {
    for (ValueId id : *values) {
      if (!id.valid()) continue;
      DType dtype = graph.value(id).dtype;
      bool wide = dtype == DType::f64 || dtype == DType::f16 || dtype == DType::bf16;
      if (wide || dtype == DType::string || dtype == DType::undefined) {
        return fmt::format("\"{}\" is {}; TFLite computes in float32 and integers", graph.value(id).name,
                           dtype == DType::undefined ? "of unknown type" : dtype_name(dtype));
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<int64_t>> reshape_target(const Dims& dims) {
  std::vector<int64_t> target;
  for (const Dim& dim : dims) target.push_back(dim.known() ? dim.size : -1);
  if (std::count(target.begin(), target.end(), -1) > 1) {
    return unsupported(fmt::format("the new shape {} has more than one unknown size", to_string(dims)));
  }
  return target;
}

Lowering::Lowering(const Graph& from, std::vector<Refusal>& refusals)
    : from_(from), refusals_(refusals), lowered_(from.value_count()) {}

Result<Dims> Lowering::dims(ValueId onnx) const {
  const Value& v = value(onnx);
  if (v.dims) return *v.dims;
  return unsupported(fmt::format("the rank of \"{}\" is not known; fix the model's input shapes", v.name));
}

Result<std::vector<int64_t>> Lowering::ints(const Node& node, size_t i, std::string_view what) const {
  if (!node.has_input(i) || !from_.is_constant(node.inputs[i])) {
    return unsupported(fmt::format("its {} are computed; TFLite's form needs constants", what));
  }
  return value(node.inputs[i]).data.to_ints();
}

Result<double> Lowering::number(const Node& node, size_t i, double otherwise, std::string_view what) const {
  if (!node.has_input(i)) return otherwise;
  const Tensor& data = value(node.inputs[i]).data;
  if (!data.defined() || data.count() != 1) {
    return unsupported(fmt::format("its {} is computed; TFLite's form needs a constant number", what));
  }
  return data.to_doubles()[0];
}

ValueId Lowering::constant(std::string_view name, Tensor data) {
  return model_.graph.add_constant(model_.graph.fresh_name(name), std::move(data));
}
ValueId Lowering::ints32(const std::vector<int64_t>& values) {
  return constant("ints", Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values).cast(DType::i32));
}
ValueId Lowering::int32(int64_t value) { return constant("int", Tensor::scalar(static_cast<int32_t>(value))); }
ValueId Lowering::scalar(float value) { return constant("scalar", Tensor::scalar(value)); }

ValueId Lowering::lowered(ValueId onnx) {
  if (!onnx.valid()) return onnx;
  ValueId& to = lowered_[static_cast<size_t>(onnx.index)];
  const Value& v = value(onnx);
  if (!to.valid()) to = v.data.defined() ? constant(v.name, v.data) : declare(onnx, v.dtype);
  return to;
}

ValueId Lowering::declare(ValueId onnx, DType dtype) {
  const Value& v = value(onnx);
  ValueId& to = lowered_[static_cast<size_t>(onnx.index)];
  auto output = named_outputs_.find(onnx);
  if (output == named_outputs_.end()) {
    to = model_.graph.add_value(model_.graph.fresh_name(v.name), dtype, v.dims);
  } else {
    to = output->second;
    model_.graph.value(to).dtype = dtype;
    model_.graph.value(to).dims = v.dims;
  }
  return to;
}

void Lowering::add(std::string_view op_type, Values inputs, Values outputs, Attributes attributes) {
  Node node;
  node.op_type = op_type;
  node.domain = kTfliteDomain;
  node.name = model_.graph.value(outputs[0]).name;
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  node.attributes = std::move(attributes);
  model_.graph.add_node(std::move(node));
}

void Lowering::emit(const Node& node, std::string_view op_type, Values inputs, Attributes attributes) {
  Values outputs;
  for (ValueId out : node.outputs) outputs.push_back(lowered(out));
  add(op_type, std::move(inputs), std::move(outputs), std::move(attributes));
}

ValueId Lowering::between(std::string_view op_type, Values inputs, DType dtype, Dims dims, Attributes attributes) {
  ValueId out = model_.graph.add_value(model_.graph.fresh_name(op_type), dtype, std::move(dims));
  add(op_type, std::move(inputs), {out}, std::move(attributes));
  return out;
}

void Lowering::alias(const Node& node, ValueId same) { lowered_[static_cast<size_t>(node.outputs[0].index)] = same; }

void Lowering::set_quantization(ValueId lowered, Quantization quantization) {
  model_.quantization[model_.graph.value(lowered).name] = std::move(quantization);
}

Status Lowering::lower(const Node& node) {
  if (std::optional<std::string> unfit = unfit_type(from_, node)) return unsupported(*unfit);
  if (node.domain == kTfliteDomain) {
    Values inputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(input(node, i));
    emit(node, node.op_type, std::move(inputs), node.attributes);
    return {};
  }
  if (node.domain.empty()) {
    if (const LowerRule* rule = find_rule(node.op_type)) return rule->lower(*this, node);
    if (const TfliteName* name = find_name(node)) {
      Values inputs;
      for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(input(node, i));
      emit(node, name->tflite, std::move(inputs));
      return {};
    }
  }
  return unsupported(reason_of(node));
}

// What a node became, from `begin` on, is what the runtime takes. Quantization is judged at the end, when it is known
// what computes in integers.
Status Lowering::check_runs(size_t begin) const {
  for (size_t n = begin; n < model_.graph.nodes().size(); ++n) {
    const Node& node = model_.graph.nodes()[n];
    const TfliteOperator* op = find_tflite_operator(node.op_type);
    if (op != nullptr && (op->int8 == TfliteInt8::stores || op->int8 == TfliteInt8::restores)) continue;
    std::string why = runtime_refusal(model_, node);
    if (!why.empty()) return unsupported(why);
  }
  return {};
}

// Outputs keep their names; one that is an input, a constant or another output gets a copy of its own.
void Lowering::finish_outputs() {
  Graph& graph = model_.graph;
  for (ValueId onnx : from_.outputs) {
    ValueId out = lowered(onnx);
    const std::string& name = value(onnx).name;
    bool taken = std::find(graph.outputs.begin(), graph.outputs.end(), out) != graph.outputs.end() ||
                 std::find(graph.inputs.begin(), graph.inputs.end(), out) != graph.inputs.end() ||
                 graph.is_constant(out);
    if (taken) {
      const Value v = graph.value(out);
      Result<std::vector<int64_t>> shape = reshape_target(v.dims.value_or(Dims()));
      if (!shape.ok()) {
        refusals_.push_back({fmt::format("output \"{}\"", name), shape.status().message()});
        continue;
      }
      out = between("RESHAPE", {out, ints32(*shape)}, v.dtype, *v.dims, {{"new_shape", *shape}});
    }
    ValueId named = named_outputs_.at(onnx);
    bool listed = std::find(graph.outputs.begin(), graph.outputs.end(), named) != graph.outputs.end();
    if (out != named && !listed) {
      auto quantized = model_.quantization.extract(graph.value(out).name);
      replace_value(graph, out, named);
      std::replace(lowered_.begin(), lowered_.end(), out, named);
      if (!quantized.empty()) model_.quantization.emplace(graph.value(named).name, std::move(quantized.mapped()));
      out = named;
    }
    graph.outputs.push_back(out);
  }
}

TfliteModel Lowering::run() {
  model_.graph.name = from_.name;
  model_.graph.doc = from_.doc;
  for (ValueId in : from_.inputs) {
    lowered_[static_cast<size_t>(in.index)] = model_.graph.add_input(value(in).name, value(in).dtype, value(in).dims);
  }
  // Names of outputs are taken before anything else may take them.
  for (ValueId out : from_.outputs) {
    if (!named_outputs_.contains(out)) {
      named_outputs_[out] = model_.graph.add_value(model_.graph.fresh_name(value(out).name));
    }
  }
  for (const Node& node : from_.nodes()) {
    size_t begin = model_.graph.nodes().size();
    Status status = lower(node);
    if (status.ok()) status = check_runs(begin);
    if (!status.ok()) refusals_.push_back({describe(node), status.message()});
  }
  finish_outputs();
  return std::move(model_);
}

}  // namespace slipway::convert
