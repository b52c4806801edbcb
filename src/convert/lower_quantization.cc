// QuantizeLinear and DequantizeLinear in TFLite: parameters move from the node to the integer tensor.
#include <algorithm>

#include <fmt/format.h>

#include "convert/lowering.h"
#include "convert/weights.h"

namespace slipway::convert {

namespace {

constexpr int64_t kUnsignedShift = 128;  // a uint8 value is an int8 value this much higher

Result<Quantization> parameters(Lowering& l, const Node& node) {
  std::optional<Quantization> q = quantization_of(l.from(), node);
  if (!q) return unsupported("its scale or zero point is computed or by block; TFLite keeps constants with the tensor");
  return *q;
}

// TFLite's kernels are of int8; uint8 tensors that only DequantizeLinear reads become that, by a shift.
bool only_dequantized(Lowering& l, ValueId id) {
  const Graph& graph = l.from();
  if (std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end()) return false;
  return std::all_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) {
    bool reads = std::find(node.inputs.begin(), node.inputs.end(), id) != node.inputs.end();
    return !reads || node.op_type == "DequantizeLinear";
  });
}

Quantization shifted(Quantization q) {
  for (int64_t& zero : q.zero_point) zero -= kUnsignedShift;
  return q;
}

// int32 is for constants, which a bias may be: the runtime makes no real numbers of it.
Status check_stored(const Value& value) {
  DType dtype = value.dtype;
  if (dtype == DType::i8 || dtype == DType::u8 || dtype == DType::i16) return {};
  if (dtype == DType::i32 && value.data.defined()) return {};
  return unsupported(
      fmt::format("quantized {}; TFLite has int8, uint8 and int16, and int32 for constants", dtype_name(dtype)));
}

Status quantize(Lowering& l, const Node& node) {
  Quantization q = TRY(parameters(l, node));
  const Value& y = l.value(node.outputs[0]);
  RETURN_IF_ERROR(check_stored(y));
  ValueId x = l.input(node, 0);
  bool shift = y.dtype == DType::u8 && only_dequantized(l, node.outputs[0]);
  ValueId out = l.declare(node.outputs[0], shift ? DType::i8 : y.dtype);
  l.set_quantization(out, shift ? shifted(std::move(q)) : std::move(q));
  l.emit(node, "QUANTIZE", {x});
  return {};
}

// The stored integers as TFLite keeps them: uint8 constants move to int8.
ValueId stored(Lowering& l, const Node& node, Quantization& q) {
  const Value& x = l.value(node.inputs[0]);
  if (x.dtype != DType::u8) return l.input(node, 0);
  if (!x.data.defined()) {
    ValueId lowered = l.input(node, 0);
    if (l.quantization(lowered) != nullptr) q = *l.quantization(lowered);
    return lowered;
  }
  Tensor data(DType::i8, x.data.shape());
  std::transform(x.data.data<uint8_t>().begin(), x.data.data<uint8_t>().end(), data.mutable_data<int8_t>().begin(),
                 [](uint8_t v) { return static_cast<int8_t>(v - kUnsignedShift); });
  q = shifted(std::move(q));
  return l.constant(x.name, std::move(data));
}

Status dequantize(Lowering& l, const Node& node) {
  Quantization q = TRY(parameters(l, node));
  RETURN_IF_ERROR(check_stored(l.value(node.inputs[0])));
  ValueId x = stored(l, node, q);
  const Quantization* known = l.quantization(x);
  if (known != nullptr && *known != q) return unsupported("its input is quantized with other parameters than its own");
  l.set_quantization(x, std::move(q));
  l.emit(node, "DEQUANTIZE", {x});
  return {};
}

constexpr LowerRule kRules[] = {{"DequantizeLinear", dequantize}, {"QuantizeLinear", quantize}};

}  // namespace

std::span<const LowerRule> lower_quantization_rules() { return kRules; }

}  // namespace slipway::convert
