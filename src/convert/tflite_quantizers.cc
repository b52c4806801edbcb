// QUANTIZE and DEQUANTIZE put where integer arithmetic finds them, or away.
#include <algorithm>

#include "convert/tflite_passes.h"
#include "formats/tflite_operators.h"
#include "formats/tflite_runtime.h"

namespace slipway::convert {

namespace {

bool moves(const Node& node) {
  const TfliteOperator* op = find_tflite_operator(node.op_type);
  return op != nullptr && op->moves;
}

bool is(const Node& node, TfliteInt8 kind) {
  const TfliteOperator* op = find_tflite_operator(node.op_type);
  return op != nullptr && op->int8 == kind;
}

// Puts one QUANTIZE to int8 before the movement of what it quantizes; false when there is none left to put.
bool quantize_earlier(TfliteModel& model) {
  Graph& graph = model.graph;
  std::vector<NodeId> producers = graph.producers();
  std::vector<int> uses = graph.use_counts();
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    Node& quantize = graph.nodes()[n];
    if (!is(quantize, TfliteInt8::stores)) continue;
    ValueId moved = quantize.inputs[0], out = quantize.outputs[0];
    NodeId producer = producers[static_cast<size_t>(moved.index)];
    const Quantization* q = model.quantization_of(out);
    bool int8 = graph.value(out).dtype == DType::i8 && q != nullptr && q->per_tensor();
    if (!int8 || !producer.valid() || uses[static_cast<size_t>(moved.index)] != 1) continue;
    Node& movement = graph.node(producer);
    if (!moves(movement)) continue;
    const Value source = graph.value(movement.inputs[0]);
    ValueId early = graph.add_value(graph.fresh_name(source.name + "_int8"), DType::i8, source.dims);
    model.quantization[graph.value(early).name] = *q;
    // The two nodes change places: the earlier one quantizes, the later one moves the integers.
    Node later = movement;
    later.outputs = {out};
    later.inputs[0] = early;
    quantize.inputs = {movement.inputs[0]};
    quantize.outputs = {early};
    quantize.name = graph.value(early).name;
    std::swap(movement, quantize);
    graph.nodes()[n] = std::move(later);
    return true;
  }
  return false;
}

Tensor real_numbers(const Tensor& stored, const Quantization& q) {
  Tensor out(DType::f32, stored.shape());
  std::vector<double> numbers = stored.to_doubles();
  size_t inner = 1, size = q.scale.size();
  for (size_t d = static_cast<size_t>(q.axis) + 1; d < stored.shape().size(); ++d)
    inner *= static_cast<size_t>(stored.shape()[d]);
  for (size_t i = 0; i < numbers.size(); ++i) {
    size_t c = q.per_tensor() ? 0 : i / inner % size;
    double real = (numbers[i] - static_cast<double>(q.zero_point[c])) * static_cast<double>(q.scale[c]);
    out.mutable_data<float>()[i] = static_cast<float>(real);
  }
  return out;
}

}  // namespace

void quantize_before_movement(TfliteModel& model) {
  while (quantize_earlier(model)) {
  }
}

void fold_dequantized(TfliteModel& model) {
  Graph& graph = model.graph;
  std::erase_if(graph.nodes(), [&](const Node& node) {
    if (!is(node, TfliteInt8::restores) || !graph.is_constant(node.inputs[0])) return false;
    const Quantization* q = model.quantization_of(node.inputs[0]);
    ValueId out = node.outputs[0];
    bool is_output = std::find(graph.outputs.begin(), graph.outputs.end(), out) != graph.outputs.end();
    if (q == nullptr || is_output || runtime_refusal(model, node).empty()) return false;
    graph.value(out).data = real_numbers(graph.value(node.inputs[0]).data, *q);
    return true;
  });
}

}  // namespace slipway::convert
