// ONNX's activations in TFLite: what is more than another name.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "convert/lowering.h"

namespace slipway::convert {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// TFLite knows four ranges by name; any other is a MINIMUM of a MAXIMUM.
Status clip(Lowering& l, const Node& node) {
  double low = TRY(l.number(node, 1, -kInfinity, "minimum"));
  double high = TRY(l.number(node, 2, kInfinity, "maximum"));
  // Exporters write "no limit" as the type's largest number.
  if (low <= std::numeric_limits<float>::lowest()) low = -kInfinity;
  if (high >= std::numeric_limits<float>::max()) high = kInfinity;
  ValueId x = l.input(node, 0);
  const Value& y = l.value(node.outputs[0]);
  if (y.dtype == DType::f32 && low == 0 && high == kInfinity) return l.emit(node, "RELU", {x}), Status();
  if (y.dtype == DType::f32 && low == 0 && high == 6) return l.emit(node, "RELU6", {x}), Status();
  if (y.dtype == DType::f32 && low == -1 && high == 1) return l.emit(node, "RELU_N1_TO_1", {x}), Status();
  auto bound = [&](double b) { return l.constant("bound", Tensor::scalar(b).cast(y.dtype)); };
  if (low != -kInfinity && high != kInfinity) {
    x = l.between("MAXIMUM", {x, bound(low)}, y.dtype, TRY(l.dims(node.outputs[0])));
    l.emit(node, "MINIMUM", {x, bound(high)});
  } else if (low != -kInfinity) {
    l.emit(node, "MAXIMUM", {x, bound(low)});
  } else if (high != kInfinity) {
    l.emit(node, "MINIMUM", {x, bound(high)});
  } else {
    l.alias(node, x);
  }
  return {};
}

Status leaky_relu(Lowering& l, const Node& node) {
  l.emit(node, "LEAKY_RELU", {l.input(node, 0)}, {{"alpha", node.real("alpha")}});
  return {};
}

Status elu(Lowering& l, const Node& node) {
  if (node.real("alpha") != 1.f) return unsupported(fmt::format("alpha = {}; TFLite's ELU has 1", node.real("alpha")));
  l.emit(node, "ELU", {l.input(node, 0)});
  return {};
}

Status gelu(Lowering& l, const Node& node) {
  l.emit(node, "GELU", {l.input(node, 0)}, {{"approximate", int64_t{node.text("approximate") == "tanh"}}});
  return {};
}

// The slope as one number per channel, the last dimension: [1, ..., C]; invalid when it has another form. The runtime's
// fastest kernel reads C numbers whatever the slope's shape.
ValueId channel_slope(Lowering& l, const Node& node, const Dims& x) {
  const Value& slope = l.value(node.inputs[1]);
  const bool fits = slope.data.defined() && slope.dtype == DType::f32 && !x.empty() && x.back().known();
  if (!fits) return {};
  const Shape& shape = slope.data.shape();
  int64_t channels = x.back().size, count = slope.data.count();
  bool last = !shape.empty() && shape.back() == channels && count == channels;
  if (count != 1 && !last) return {};
  std::span<const float> given = slope.data.data<float>();
  std::vector<float> numbers(static_cast<size_t>(channels), count > 0 ? given[0] : 0);
  if (last) numbers.assign(given.begin(), given.end());
  Shape wide(x.size(), 1);
  wide.back() = channels;
  return l.constant(slope.name, Tensor::of<float>(wide, numbers));
}

// max(x, 0) + slope min(x, 0) where the slope is not by channel.
Status prelu(Lowering& l, const Node& node) {
  Dims dims = TRY(l.dims(node.inputs[0]));
  const DType dtype = l.value(node.outputs[0]).dtype;
  ValueId x = l.input(node, 0);
  bool image = dims.size() >= 2 && dims.size() <= 4;
  ValueId slope = image ? channel_slope(l, node, dims) : ValueId{};
  if (slope.valid()) return l.emit(node, "PRELU", {x, slope}), Status();
  ValueId zero = l.constant("zero", Tensor::scalar(0.f).cast(dtype));
  ValueId above = l.between("MAXIMUM", {x, zero}, dtype, dims);
  ValueId below = l.between("MINIMUM", {x, zero}, dtype, dims);
  ValueId sloped = l.between("MUL", {below, l.input(node, 1)}, dtype, TRY(l.dims(node.outputs[0])));
  l.emit(node, "ADD", {above, sloped});
  return {};
}

// sign(x) (1 - t (a1 + t (a2 + ...)) exp(-x^2)), t = 1 / (1 + p |x|): within 1.5e-7 (M. Abramowitz and I. Stegun,
// Handbook of Mathematical Functions, 7.1.26).
Status erf(Lowering& l, const Node& node) {
  constexpr float kP = 0.3275911f;
  constexpr float kA[] = {1.061405429f, -1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f};
  const Dims dims = TRY(l.dims(node.outputs[0]));
  auto f32 = [&](const char* op, Values inputs) { return l.between(op, std::move(inputs), DType::f32, dims); };
  ValueId x = l.input(node, 0);
  ValueId size = f32("ABS", {x});
  ValueId t = f32("DIV", {l.scalar(1), f32("ADD", {f32("MUL", {size, l.scalar(kP)}), l.scalar(1)})});
  ValueId sum = f32("MUL", {t, l.scalar(kA[0])});
  for (size_t i = 1; i < std::size(kA); ++i) sum = f32("MUL", {t, f32("ADD", {sum, l.scalar(kA[i])})});
  ValueId bell = f32("EXP", {f32("NEG", {f32("MUL", {x, x})})});
  ValueId gap = f32("SUB", {l.scalar(1), f32("MUL", {sum, bell})});
  l.emit(node, "MUL", {f32("SIGN", {x}), gap});
  return {};
}

// The runtime's has integers since 2022 only: max(x, -x).
Status absolute(Lowering& l, const Node& node) {
  const Value& y = l.value(node.outputs[0]);
  ValueId x = l.input(node, 0);
  if (!is_integer(y.dtype)) return l.emit(node, "ABS", {x}), Status();
  ValueId negative = l.between("NEG", {x}, y.dtype, TRY(l.dims(node.outputs[0])));
  l.emit(node, "MAXIMUM", {x, negative});
  return {};
}

constexpr LowerRule kRules[] = {{"Abs", absolute},         {"Clip", clip},  {"Elu", elu}, {"Erf", erf}, {"Gelu", gelu},
                                {"LeakyRelu", leaky_relu}, {"PRelu", prelu}};

}  // namespace

std::span<const LowerRule> lower_activation_rules() { return kRules; }

}  // namespace slipway::convert
