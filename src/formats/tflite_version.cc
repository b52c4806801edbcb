// Operator versions: tables by input type, and the few operators whose options count too.
#include "formats/tflite_version.h"

#include <algorithm>
#include <string_view>

namespace slipway {

namespace {

// The version that an operator has for an element type of its data input, where that is not 1.
struct TypeVersion {
  std::string_view op;
  DType dtype;
  int version;
};
constexpr TypeVersion kByType[] = {
    {"ABS", DType::i8, 2},
    {"ABS", DType::u8, 2},
    {"ABS", DType::i16, 3},
    {"ABS", DType::i32, 5},
    {"ADD", DType::i8, 2},
    {"ADD", DType::i16, 3},
    {"ADD", DType::i64, 4},
    {"ARG_MAX", DType::i8, 2},
    {"ARG_MAX", DType::boolean, 3},
    {"ARG_MIN", DType::i8, 2},
    {"ARG_MIN", DType::boolean, 3},
    {"AVERAGE_POOL_2D", DType::i8, 2},
    {"AVERAGE_POOL_2D", DType::i16, 3},
    {"BATCH_MATMUL", DType::i8, 2},
    {"BATCH_MATMUL", DType::i16, 3},
    {"BROADCAST_TO", DType::i8, 3},
    {"BROADCAST_TO", DType::i16, 3},
    {"CAST", DType::i8, 3},
    {"CONCATENATION", DType::i8, 2},
    {"CONCATENATION", DType::i16, 3},
    {"DEPTH_TO_SPACE", DType::i8, 2},
    {"DEQUANTIZE", DType::i8, 2},
    {"DEQUANTIZE", DType::i16, 3},
    {"DEQUANTIZE", DType::f16, 3},
    {"EQUAL", DType::i8, 2},
    {"EQUAL", DType::i16, 4},
    {"EXP", DType::i8, 2},
    {"EXP", DType::i16, 2},
    {"GATHER", DType::i8, 2},
    {"GATHER", DType::i16, 4},
    {"GATHER", DType::boolean, 3},
    {"GELU", DType::i8, 2},
    {"GELU", DType::u8, 2},
    {"GREATER", DType::i8, 2},
    {"GREATER_EQUAL", DType::i8, 2},
    {"GREATER_EQUAL", DType::i16, 3},
    {"LEAKY_RELU", DType::i16, 2},
    {"LESS", DType::i8, 2},
    {"LESS", DType::i16, 3},
    {"LESS_EQUAL", DType::i8, 2},
    {"LOG", DType::i8, 2},
    {"LOG", DType::i16, 2},
    {"LOGISTIC", DType::i8, 2},
    {"LOGISTIC", DType::i16, 3},
    {"LOG_SOFTMAX", DType::i8, 2},
    {"MAXIMUM", DType::i8, 2},
    {"MAXIMUM", DType::i16, 4},
    {"MAX_POOL_2D", DType::i8, 2},
    {"MAX_POOL_2D", DType::i16, 3},
    {"MEAN", DType::i8, 2},
    {"MEAN", DType::i16, 3},
    {"MINIMUM", DType::i8, 2},
    {"MINIMUM", DType::i16, 4},
    {"MIRROR_PAD", DType::i8, 2},
    {"MIRROR_PAD", DType::i16, 3},
    {"MUL", DType::i8, 2},
    {"MUL", DType::i16, 4},
    {"MUL", DType::i64, 5},
    {"NOT_EQUAL", DType::i8, 2},
    {"PACK", DType::i8, 2},
    {"PACK", DType::i16, 3},
    {"PAD", DType::i8, 2},
    {"PAD", DType::i16, 3},
    {"PADV2", DType::i8, 2},
    {"PADV2", DType::i16, 3},
    {"REDUCE_MAX", DType::i8, 2},
    {"REDUCE_MAX", DType::i16, 3},
    {"REDUCE_MIN", DType::i8, 2},
    {"REDUCE_MIN", DType::i16, 3},
    {"REDUCE_PROD", DType::i8, 2},
    {"REDUCE_PROD", DType::i16, 2},
    {"RELU", DType::i8, 2},
    {"RELU", DType::u8, 2},
    {"RELU", DType::i16, 3},
    {"RELU6", DType::i8, 2},
    {"RELU6", DType::i16, 3},
    {"RESIZE_BILINEAR", DType::i8, 2},
    {"RESIZE_BILINEAR", DType::i16, 4},
    {"RESIZE_NEAREST_NEIGHBOR", DType::i8, 2},
    {"RESIZE_NEAREST_NEIGHBOR", DType::i16, 4},
    {"RSQRT", DType::i8, 2},
    {"RSQRT", DType::i16, 3},
    {"SIGN", DType::i32, 2},
    {"SLICE", DType::i8, 2},
    {"SLICE", DType::i16, 4},
    {"SOFTMAX", DType::i8, 2},
    {"SOFTMAX", DType::i16, 3},
    {"SPACE_TO_DEPTH", DType::i8, 2},
    {"SPLIT", DType::i8, 2},
    {"SPLIT", DType::i16, 4},
    {"SPLIT", DType::i32, 3},
    {"SPLIT_V", DType::i8, 2},
    {"STRIDED_SLICE", DType::i8, 2},
    {"STRIDED_SLICE", DType::boolean, 3},
    {"SUB", DType::i8, 2},
    {"SUB", DType::i16, 5},
    {"SUB", DType::i64, 4},
    {"SUM", DType::i8, 2},
    {"TANH", DType::i8, 2},
    {"TANH", DType::i16, 3},
    {"TILE", DType::i8, 3},
    {"TRANSPOSE", DType::i8, 2},
    {"TRANSPOSE", DType::i16, 5},
    {"TRANSPOSE", DType::boolean, 3},
    {"UNPACK", DType::i8, 2},
    {"UNPACK", DType::u8, 2},
    {"UNPACK", DType::i16, 4},
    {"UNPACK", DType::boolean, 3},
};

// Operators that gained ranks over 4 in a version of their own.
struct RankVersion {
  std::string_view op;
  size_t over;
  int version;
};
constexpr RankVersion kByRank[] = {
    {"TRANSPOSE", 4, 4}, {"TRANSPOSE", 5, 6}, {"STRIDED_SLICE", 4, 4}, {"PAD", 4, 4},     {"PADV2", 4, 4},
    {"SLICE", 4, 5},     {"DIV", 4, 2},       {"MAXIMUM", 4, 3},       {"MINIMUM", 4, 3}, {"SUB", 4, 3},
};

const Value& input(const TfliteModel& model, const Node& node, size_t i) { return model.graph.value(node.inputs[i]); }

// int8 everywhere / int8 weights under float activations.
bool is_int8(const TfliteModel& model, const Node& node) {
  return input(model, node, 0).dtype == DType::i8 && input(model, node, 1).dtype == DType::i8;
}
bool is_hybrid(const TfliteModel& model, const Node& node) {
  return input(model, node, 0).dtype == DType::f32 && input(model, node, 1).dtype == DType::i8;
}
bool per_channel(const TfliteModel& model, const Node& node, size_t i) {
  const Quantization* q = model.quantization_of(node.inputs[i]);
  return q != nullptr && !q->per_tensor();
}
bool option(const Node& node, std::string_view name) { return node.has(name) && node.integer(name) != 0; }
bool dilated(const Node& node) {
  return (node.has("dilation_w_factor") && node.integer("dilation_w_factor") != 1) ||
         (node.has("dilation_h_factor") && node.integer("dilation_h_factor") != 1);
}

int fully_connected_version(const TfliteModel& model, const Node& node) {
  if (is_hybrid(model, node) && per_channel(model, node, 1)) return 12;
  if (node.inputs.size() == 2) return 6;
  if (option(node, "keep_num_dims")) return 5;
  if (is_int8(model, node)) return 4;
  if (is_hybrid(model, node)) return option(node, "asymmetric_quantize_inputs") ? 9 : 3;
  return 1;
}

int convolution_version(const TfliteModel& model, const Node& node) {
  bool depthwise = node.op_type == "DEPTHWISE_CONV_2D";
  if (is_int8(model, node)) return 3;
  if (is_hybrid(model, node)) {
    int per_tensor = depthwise ? 4 : 2;
    int channels = depthwise ? 6 : 5;
    return per_channel(model, node, 1) ? channels : per_tensor;
  }
  return depthwise && dilated(node) ? 2 : 1;
}

// real product scale over output scale of at least 1 came with version 3 of MUL.
bool rescales_up(const TfliteModel& model, const Node& node) {
  const Quantization* a = model.quantization_of(node.inputs[0]);
  const Quantization* b = model.quantization_of(node.inputs[1]);
  const Quantization* y = model.quantization_of(node.outputs[0]);
  return a != nullptr && b != nullptr && y != nullptr && a->scale[0] * b->scale[0] / y->scale[0] >= 1;
}

}  // namespace

int operator_version(const TfliteModel& model, const Node& node) {
  if (node.op_type == "FULLY_CONNECTED") return fully_connected_version(model, node);
  if (node.op_type == "CONV_2D" || node.op_type == "DEPTHWISE_CONV_2D") return convolution_version(model, node);
  if (node.op_type == "DEQUANTIZE" && per_channel(model, node, 0)) return 5;
  if (node.op_type == "QUANTIZE" && model.quantization_of(node.outputs[0]) != nullptr &&
      !model.quantization_of(node.outputs[0])->per_tensor()) {
    return 3;
  }
  if (node.op_type == "MUL" && rescales_up(model, node)) return 3;
  if (node.op_type.starts_with("RESIZE_") && option(node, "half_pixel_centers")) return 3;
  if (node.op_type == "RESIZE_NEAREST_NEIGHBOR" && option(node, "align_corners")) return 3;
  // SPLIT has its axis first.
  size_t data = node.op_type == "SPLIT" ? 1 : 0;
  if (node.inputs.size() <= data) return 1;
  const Value& value = input(model, node, data);
  // Version 1 of BROADCAST_TO was taken back.
  int version = node.op_type == "BROADCAST_TO" ? 2 : 1;
  if (node.op_type == "CAST" && model.graph.value(node.outputs[0]).dtype == DType::i8) version = 3;
  if (node.op_type == "QUANTIZE" && model.graph.value(node.outputs[0]).dtype == DType::i16) version = 2;
  for (const TypeVersion& entry : kByType) {
    if (entry.op == node.op_type && entry.dtype == value.dtype) version = std::max(version, entry.version);
  }
  for (const RankVersion& entry : kByRank) {
    bool over = entry.op == node.op_type && value.dims && value.dims->size() > entry.over;
    if (over) version = std::max(version, entry.version);
  }
  return version;
}

}  // namespace slipway
