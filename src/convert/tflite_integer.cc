// Integer arithmetic: one sweep in the order of the nodes that takes operators from behind DEQUANTIZE.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "convert/tflite_passes.h"
#include "formats/tflite_operators.h"
#include "formats/tflite_runtime.h"
#include "ops/all.h"

namespace slipway::convert {

namespace {

TfliteInt8 int8_kind(const Node& node) {
  const TfliteOperator* op = find_tflite_operator(node.op_type);
  return op == nullptr ? TfliteInt8::none : op->int8;
}

// The scale that the specification gives to the result of a TFLite operator, which is that of the ONNX operator's card.
Quantization fixed_scale(const Node& node) {
  const auto& cards = all_operators().all();
  auto card = std::find_if(cards.begin(), cards.end(), [&](const Operator* op) {
    return op->quant.kind == Quant::fixed_output && op->tflite.name == node.op_type;
  });
  CHECK(card != cards.end(), "a fixed scale without a card");
  return {{(*card)->quant.scale}, {(*card)->quant.zero_point}, 0};
}

class Integers {
 public:
  explicit Integers(TfliteModel& model)
      : model_(model), graph_(model.graph), stored_(graph_.value_count()), uses_(graph_.use_counts()) {}

  void run() {
    std::vector<Node> nodes = std::move(graph_.nodes());
    graph_.nodes().clear();
    find_quantizers(nodes);
    for (Node& node : nodes) {
      for (ValueId& in : node.inputs) in = resolved(in);
      if (int8_kind(node) == TfliteInt8::restores) stored(node.outputs[0]) = node.inputs[0];
      if (!lower(node)) graph_.add_node(std::move(node));
    }
    for (Node& node : graph_.nodes()) take_hybrid_weights(node);
    graph_.remove_dead_nodes();
  }

 private:
  // Where the one reader of a value is a QUANTIZE to int8: that node's output.
  void find_quantizers(const std::vector<Node>& nodes) {
    quantized_.resize(graph_.value_count());
    for (const Node& node : nodes) {
      if (int8_kind(node) != TfliteInt8::stores || uses_[static_cast<size_t>(node.inputs[0].index)] != 1) continue;
      const Quantization* q = model_.quantization_of(node.outputs[0]);
      bool int8 = graph_.value(node.outputs[0]).dtype == DType::i8 && q != nullptr && q->per_tensor();
      if (int8) quantized_[static_cast<size_t>(node.inputs[0].index)] = node.outputs[0];
    }
    absorbed_.resize(graph_.value_count(), false);
    alias_.resize(graph_.value_count());
  }

  ValueId& stored(ValueId id) { return stored_[static_cast<size_t>(id.index)]; }
  ValueId resolved(ValueId id) const {
    bool aliased =
        id.valid() && static_cast<size_t>(id.index) < alias_.size() && alias_[static_cast<size_t>(id.index)].valid();
    return aliased ? alias_[static_cast<size_t>(id.index)] : id;
  }

  // The int8 tensor (one scale) that the real numbers `id` came from; invalid when there is none.
  ValueId int8_of(ValueId id) {
    if (!id.valid() || !is_dequantized(id)) return {};
    const Quantization* q = model_.quantization_of(stored(id));
    bool fits = graph_.value(stored(id)).dtype == DType::i8 && q != nullptr && q->per_tensor();
    return fits ? stored(id) : ValueId{};
  }

  // Whether the runtime has `integer` in integers.
  bool runs(const Node& integer) const { return runtime_refusal(model_, integer).empty(); }

  bool lower(const Node& node) {
    switch (int8_kind(node)) {
      case TfliteInt8::none:
      case TfliteInt8::restores: return false;
      case TfliteInt8::stores: return quantize(node);
      case TfliteInt8::weighted: return weighted(node);
      case TfliteInt8::rescales: return rescaling(node);
      case TfliteInt8::joins: return concatenation(node);
      case TfliteInt8::passes: return passing(node, find_tflite_operator(node.op_type)->data);
      case TfliteInt8::fixed: return fixed(node, fixed_scale(node));
    }
    return false;
  }

  ValueId add_int8(std::string_view name, const Dims& dims, const Quantization& q) {
    ValueId id = graph_.add_value(graph_.fresh_name(std::string(name) + "_int8"), DType::i8, dims);
    model_.quantization[graph_.value(id).name] = q;
    return id;
  }

  void add(std::string_view op_type, Values inputs, Values outputs, Attributes attributes = {}) {
    Node node;
    node.op_type = op_type;
    node.domain = kTfliteDomain;
    node.name = graph_.value(outputs[0]).name;
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    node.attributes = std::move(attributes);
    graph_.add_node(std::move(node));
  }

  // Real numbers go back into the integers they came from, or from one scale to another.
  bool quantize(const Node& node) {
    ValueId out = node.outputs[0];
    if (absorbed_[static_cast<size_t>(out.index)]) return true;
    ValueId from = int8_of(node.inputs[0]);
    if (!from.valid() || graph_.value(out).dtype != DType::i8) return false;
    bool is_output = std::find(graph_.outputs.begin(), graph_.outputs.end(), out) != graph_.outputs.end();
    if (!is_output && *model_.quantization_of(from) == *model_.quantization_of(out)) {
      alias_[static_cast<size_t>(out.index)] = from;
    } else {
      add("QUANTIZE", {from}, {out});
    }
    return true;
  }

  // The integer tensor that output 0 of `node` is to become, when its one reader quantizes it.
  ValueId take_quantized(const Node& node) {
    ValueId out = quantized_[static_cast<size_t>(node.outputs[0].index)];
    if (out.valid()) absorbed_[static_cast<size_t>(out.index)] = true;
    return out;
  }
  bool is_quantized(const Node& node) const { return quantized_[static_cast<size_t>(node.outputs[0].index)].valid(); }

  bool passing(const Node& node, size_t data) {
    ValueId from = int8_of(node.inputs[data]);
    if (!from.valid()) return false;
    const Quantization q = *model_.quantization_of(from);
    Node integer = node;
    integer.inputs[data] = from;
    for (ValueId& out : integer.outputs) {
      const Value value = graph_.value(out);
      out = add_int8(value.name, *value.dims, q);
    }
    if (!runs(integer)) return false;
    Values outputs = integer.outputs;
    graph_.add_node(std::move(integer));
    for (size_t i = 0; i < outputs.size(); ++i) {
      stored(node.outputs[i]) = outputs[i];
      add("DEQUANTIZE", {outputs[i]}, {node.outputs[i]});
    }
    return true;
  }

  // All parts in the scale of the whole.
  bool concatenation(const Node& node) {
    if (!is_quantized(node)) return false;
    if (!std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId in) { return int8_of(in).valid(); }))
      return false;
    Node integer = node;
    integer.outputs[0] = take_quantized(node);
    const Quantization q = *model_.quantization_of(integer.outputs[0]);
    for (ValueId& in : integer.inputs) {
      in = int8_of(in);
      if (*model_.quantization_of(in) == q) continue;
      const Value value = graph_.value(in);
      ValueId same = add_int8(value.name, *value.dims, q);
      add("QUANTIZE", {in}, {same});
      in = same;
    }
    graph_.add_node(std::move(integer));
    return true;
  }

  bool rescaling(const Node& node) {
    Node integer = node;
    for (ValueId& in : integer.inputs) {
      if (graph_.value(in).dtype != DType::f32) continue;  // axes
      in = int8_of(in);
      if (!in.valid()) return false;
    }
    if (!is_quantized(node)) return false;
    if (!runs(integer)) return false;
    integer.outputs[0] = take_quantized(node);
    graph_.add_node(std::move(integer));
    return true;
  }

  bool fixed(const Node& node, const Quantization& q) {
    ValueId from = int8_of(node.inputs[0]);
    if (!from.valid() || !is_quantized(node)) return false;
    ValueId out = take_quantized(node);
    const Value value = graph_.value(out);
    bool same = *model_.quantization_of(out) == q;
    Node integer = node;
    integer.inputs[0] = from;
    integer.outputs[0] = same ? out : add_int8(value.name, *value.dims, q);
    ValueId result = integer.outputs[0];
    graph_.add_node(std::move(integer));
    if (!same) add("QUANTIZE", {result}, {out});
    return true;
  }

  // int8 weights of zero point 0, one scale or one per output channel; invalid when they are none.
  ValueId int8_weights(const Node& node) {
    ValueId real = node.inputs[1];
    if (!is_dequantized(real)) return {};
    ValueId weights = stored(real);
    const Quantization* q = model_.quantization_of(weights);
    bool fits = graph_.is_constant(weights) && graph_.value(weights).dtype == DType::i8 && q != nullptr &&
                std::all_of(q->zero_point.begin(), q->zero_point.end(), [](int64_t z) { return z == 0; });
    const int64_t channels = find_tflite_operator(node.op_type)->channels;
    return fits && (q->per_tensor() || q->axis == channels) ? weights : ValueId{};
  }

  // The numbers of a constant bias, stored as they are or as integers; empty when it is computed.
  std::vector<double> bias_numbers(ValueId bias) {
    if (graph_.is_constant(bias)) return graph_.value(bias).data.to_doubles();
    if (!is_dequantized(bias)) return {};
    const Value& value = graph_.value(stored(bias));
    const Quantization* q = model_.quantization_of(stored(bias));
    if (!value.data.defined() || q == nullptr) return {};
    std::vector<double> numbers = value.data.to_doubles();
    for (size_t i = 0; i < numbers.size(); ++i) {
      size_t c = q->per_tensor() ? 0 : i;
      numbers[i] = (numbers[i] - static_cast<double>(q->zero_point[c])) * static_cast<double>(q->scale[c]);
    }
    return numbers;
  }

  // int32 with the product of the scales of data and weights.
  ValueId integer_bias(const std::vector<double>& numbers, const Quantization& x, const Quantization& w,
                       std::string_view name) {
    Quantization q;
    q.zero_point.assign(w.scale.size(), 0);
    for (float scale : w.scale) q.scale.push_back(x.scale[0] * scale);
    Tensor data(DType::i32, {static_cast<int64_t>(numbers.size())});
    for (size_t i = 0; i < numbers.size(); ++i) {
      double stored = std::nearbyint(numbers[i] / static_cast<double>(q.scale[q.per_tensor() ? 0 : i]));
      data.mutable_data<int32_t>()[i] = static_cast<int32_t>(
          std::clamp<double>(stored, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
    }
    ValueId id = graph_.add_constant(graph_.fresh_name(std::string(name) + "_int32"), std::move(data));
    model_.quantization[graph_.value(id).name] = std::move(q);
    return id;
  }

  bool weighted(const Node& node) {
    ValueId x = int8_of(node.inputs[0]);
    ValueId weights = int8_weights(node);
    if (!x.valid() || !weights.valid() || !is_quantized(node)) return false;
    std::vector<double> bias;
    if (node.has_input(2)) {
      bias = bias_numbers(node.inputs[2]);
      if (bias.empty()) return false;
    }
    Node integer = node;
    integer.inputs[0] = x;
    integer.inputs[1] = weights;
    if (node.has_input(2)) {
      const Quantization w = *model_.quantization_of(weights);
      integer.inputs[2] = integer_bias(bias, *model_.quantization_of(x), w, graph_.value(node.inputs[2]).name);
    }
    integer.outputs[0] = take_quantized(node);
    graph_.add_node(std::move(integer));
    return true;
  }

  // Hybrid layers quantize their float activations anew at every run. That is as good as what dynamic quantization
  // means; activations that have a scale keep it instead, and the weights their DEQUANTIZE. Filters do, too: the
  // runtime's hybrid convolutions by channel answered with the bias alone (the npm package's build). Matrices by
  // channel are hybrid only since 2024 (version 12 of FULLY_CONNECTED).
  void take_hybrid_weights(Node& node) {
    const TfliteOperator* op = find_tflite_operator(node.op_type);
    if (op == nullptr || !op->hybrid || graph_.value(node.inputs[0]).dtype != DType::f32) return;
    if (is_dequantized(node.inputs[0])) return;
    ValueId weights = int8_weights(node);
    if (weights.valid() && model_.quantization_of(weights)->per_tensor()) node.inputs[1] = weights;
  }

  bool is_dequantized(ValueId id) { return static_cast<size_t>(id.index) < stored_.size() && stored(id).valid(); }

  TfliteModel& model_;
  Graph& graph_;
  std::vector<ValueId> stored_;     // by value: the integers that a DEQUANTIZE made it of
  std::vector<ValueId> quantized_;  // by value: the integers that its one reader makes of it
  std::vector<ValueId> alias_;
  std::vector<bool> absorbed_;  // outputs of QUANTIZE that an integer operator makes itself
  std::vector<int> uses_;
};

}  // namespace

void compute_in_integers(TfliteModel& model) { Integers(model).run(); }

}  // namespace slipway::convert
