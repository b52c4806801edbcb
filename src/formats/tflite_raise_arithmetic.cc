// TFLite's arithmetic in ONNX: element-wise operators, softmax, reductions, products, quantization.
#include <algorithm>

#include <fmt/format.h>

#include "formats/tflite_names.h"
#include "formats/tflite_raise.h"

namespace slipway {

namespace {

// Differs in name only (and perhaps a fused activation).
Status same(Raiser& r, const Node& node) {
  auto names = tflite_names();
  auto it = std::find_if(names.begin(), names.end(), [&](const TfliteName& n) { return n.tflite == node.op_type; });
  CHECK(it != names.end(), "rule without a name");
  Values inputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(r.input(node, i));
  r.set(node, 0, TRY(r.activated(node, r.op(it->onnx, std::move(inputs)))));
  return {};
}

Status not_equal(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("Not", {r.op("Equal", {r.input(node, 0), r.input(node, 1)})}));
  return {};
}

Status relu6(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("Clip", {r.input(node, 0), r.scalar(0), r.scalar(6)}));
  return {};
}
Status relu_n1_to_1(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("Clip", {r.input(node, 0), r.scalar(-1), r.scalar(1)}));
  return {};
}
Status leaky_relu(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("LeakyRelu", {r.input(node, 0)}, {{"alpha", node.real("alpha")}}));
  return {};
}
Status gelu(Raiser& r, const Node& node) {
  std::string approximate = node.integer("approximate") != 0 ? "tanh" : "none";
  r.set(node, 0, r.op("Gelu", {r.input(node, 0)}, {{"approximate", approximate}}));
  return {};
}
Status rsqrt(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("Reciprocal", {r.op("Sqrt", {r.input(node, 0)})}));
  return {};
}
Status square(Raiser& r, const Node& node) {
  ValueId x = r.input(node, 0);
  r.set(node, 0, r.op("Mul", {x, x}));
  return {};
}
Status squared_difference(Raiser& r, const Node& node) {
  ValueId d = r.op("Sub", {r.input(node, 0), r.input(node, 1)});
  r.set(node, 0, r.op("Mul", {d, d}));
  return {};
}

// ONNX broadcasts the slope as TFLite does.
Status prelu(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("PRelu", {r.input(node, 0), r.input(node, 1)}));
  return {};
}

// softmax(beta * x)
Status softmax(Raiser& r, const Node& node) {
  ValueId x = r.input(node, 0);
  if (node.real("beta") != 1.f) x = r.op("Mul", {x, r.scalar(node.real("beta"))});
  r.set(node, 0, r.op("Softmax", {x}, {{"axis", int64_t{-1}}}));
  return {};
}

Status reduce(Raiser& r, const Node& node, const char* op_type) {
  std::vector<int64_t> axes = TRY(r.ints(node, 1, "axes"));
  r.set(node, 0, r.op(op_type, {r.input(node, 0), r.constant_ints(axes)}, {{"keepdims", node.integer("keep_dims")}}));
  return {};
}
Status mean(Raiser& r, const Node& node) { return reduce(r, node, "ReduceMean"); }
Status sum(Raiser& r, const Node& node) { return reduce(r, node, "ReduceSum"); }
Status reduce_max(Raiser& r, const Node& node) { return reduce(r, node, "ReduceMax"); }
Status reduce_min(Raiser& r, const Node& node) { return reduce(r, node, "ReduceMin"); }
Status reduce_prod(Raiser& r, const Node& node) { return reduce(r, node, "ReduceProd"); }

Status arg(Raiser& r, const Node& node, const char* op_type) {
  std::vector<int64_t> axis = TRY(r.ints(node, 1, "axis"));
  if (axis.size() != 1) return data_loss(fmt::format("{} axes; expected one", axis.size()));
  ValueId y = r.op(op_type, {r.input(node, 0)}, {{"axis", axis[0]}, {"keepdims", int64_t{0}}});
  DType wanted = node.outputs.empty() ? DType::i64 : r.dtype(node.outputs[0]);
  if (wanted != DType::i64) y = r.op("Cast", {y}, {{"to", static_cast<int64_t>(wanted)}});
  r.set(node, 0, y);
  return {};
}
Status arg_max(Raiser& r, const Node& node) { return arg(r, node, "ArgMax"); }
Status arg_min(Raiser& r, const Node& node) { return arg(r, node, "ArgMin"); }

// `x` with its last two dimensions swapped.
ValueId adjoint(Raiser& r, const Node& node, size_t i) {
  std::vector<int64_t> permutation(r.dims(node.inputs[i]).size());
  for (size_t d = 0; d < permutation.size(); ++d) permutation[d] = static_cast<int64_t>(d);
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return r.filter(node, i, permutation);
}

Status batch_matmul(Raiser& r, const Node& node) {
  for (size_t i = 0; i < 2; ++i) {
    if (!node.has_input(i) || r.dims(node.inputs[i]).size() < 2) return data_loss("its inputs are no matrices");
  }
  ValueId a = node.integer("adj_x") != 0 ? adjoint(r, node, 0) : r.input(node, 0);
  ValueId b = node.integer("adj_y") != 0 ? adjoint(r, node, 1) : r.input(node, 1);
  r.set(node, 0, r.op("MatMul", {a, b}));
  return {};
}

// Quantization itself: input() has made real numbers of integers, set() makes integers of real numbers.
Status requantize(Raiser& r, const Node& node) {
  ValueId x = r.input(node, 0);
  bool half = node.op_type == "DEQUANTIZE" && node.has_input(0) && r.dtype(node.inputs[0]) == DType::f16;
  r.set(node, 0, half ? r.op("Cast", {x}, {{"to", static_cast<int64_t>(DType::f32)}}) : x);
  return {};
}

Status cast(Raiser& r, const Node& node) {
  if (node.outputs.empty()) return data_loss("no output");
  r.set(node, 0, r.op("Cast", {r.input(node, 0)}, {{"to", static_cast<int64_t>(r.dtype(node.outputs[0]))}}));
  return {};
}

constexpr RaiseRule kRules[] = {
    {"ABS", same},
    {"ADD", same},
    {"ARG_MAX", arg_max},
    {"ARG_MIN", arg_min},
    {"BATCH_MATMUL", batch_matmul},
    {"CAST", cast},
    {"CEIL", same},
    {"COS", same},
    {"DEQUANTIZE", requantize},
    {"DIV", same},
    {"ELU", same},
    {"EQUAL", same},
    {"EXP", same},
    {"FLOOR", same},
    {"GELU", gelu},
    {"GREATER", same},
    {"GREATER_EQUAL", same},
    {"HARD_SWISH", same},
    {"LEAKY_RELU", leaky_relu},
    {"LESS", same},
    {"LESS_EQUAL", same},
    {"LOG", same},
    {"LOGICAL_AND", same},
    {"LOGICAL_NOT", same},
    {"LOGICAL_OR", same},
    {"LOGISTIC", same},
    {"LOG_SOFTMAX", same},
    {"MAXIMUM", same},
    {"MEAN", mean},
    {"MINIMUM", same},
    {"MUL", same},
    {"NEG", same},
    {"NOT_EQUAL", not_equal},
    {"POW", same},
    {"PRELU", prelu},
    {"QUANTIZE", requantize},
    {"REDUCE_MAX", reduce_max},
    {"REDUCE_MIN", reduce_min},
    {"REDUCE_PROD", reduce_prod},
    {"RELU", same},
    {"RELU6", relu6},
    {"RELU_N1_TO_1", relu_n1_to_1},
    {"ROUND", same},
    {"RSQRT", rsqrt},
    {"SELECT_V2", same},
    {"SIGN", same},
    {"SIN", same},
    {"SOFTMAX", softmax},
    {"SQRT", same},
    {"SQUARE", square},
    {"SQUARED_DIFFERENCE", squared_difference},
    {"SUB", same},
    {"SUM", sum},
    {"TANH", same},
};

}  // namespace

std::span<const RaiseRule> raise_arithmetic_rules() { return kRules; }

}  // namespace slipway
