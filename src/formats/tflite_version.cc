// Operator versions: those of types and ranks from the table, and the few operators whose options count too.
#include "formats/tflite_version.h"

#include <algorithm>
#include <string_view>

#include "formats/tflite_operators.h"

namespace slipway {

namespace {

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

int filter_version(const TfliteModel& model, const Node& node, int per_tensor, int by_channel) {
  if (is_int8(model, node)) return 3;
  if (is_hybrid(model, node)) return per_channel(model, node, 1) ? by_channel : per_tensor;
  return 1;
}

}  // namespace

namespace tflite_version {

int fully_connected(const TfliteModel& model, const Node& node) {
  if (is_hybrid(model, node) && per_channel(model, node, 1)) return 12;
  if (node.inputs.size() == 2) return 6;
  if (option(node, "keep_num_dims")) return 5;
  if (is_int8(model, node)) return 4;
  if (is_hybrid(model, node)) return option(node, "asymmetric_quantize_inputs") ? 9 : 3;
  return 1;
}

int convolution(const TfliteModel& model, const Node& node) { return filter_version(model, node, 2, 5); }

int depthwise(const TfliteModel& model, const Node& node) {
  const int version = filter_version(model, node, 4, 6);
  return version == 1 && dilated(node) ? 2 : version;
}

int dequantize(const TfliteModel& model, const Node& node) { return per_channel(model, node, 0) ? 5 : 0; }

int quantize(const TfliteModel& model, const Node& node) {
  const Quantization* q = model.quantization_of(node.outputs[0]);
  if (q != nullptr && !q->per_tensor()) return 3;
  return model.graph.value(node.outputs[0]).dtype == DType::i16 ? 2 : 0;
}

// real product scale over output scale of at least 1 came with version 3 of MUL.
int mul(const TfliteModel& model, const Node& node) {
  const Quantization* a = model.quantization_of(node.inputs[0]);
  const Quantization* b = model.quantization_of(node.inputs[1]);
  const Quantization* y = model.quantization_of(node.outputs[0]);
  const bool up = a != nullptr && b != nullptr && y != nullptr && a->scale[0] * b->scale[0] / y->scale[0] >= 1;
  return up ? 3 : 0;
}

int resize(const TfliteModel&, const Node& node) { return option(node, "half_pixel_centers") ? 3 : 0; }

int resize_nearest(const TfliteModel& model, const Node& node) {
  return option(node, "align_corners") ? 3 : resize(model, node);
}

int cast(const TfliteModel& model, const Node& node) {
  return model.graph.value(node.outputs[0]).dtype == DType::i8 ? 3 : 0;
}

}  // namespace tflite_version

int operator_version(const TfliteModel& model, const Node& node) {
  const TfliteOperator* op = find_tflite_operator(node.op_type);
  if (op == nullptr) return 1;
  if (op->version_of != nullptr) {
    if (const int version = op->version_of(model, node)) return version;
  }
  if (!node.has_input(op->data)) return 1;
  const Value& value = input(model, node, op->data);
  int version = std::max(op->version, op->version_for(value.dtype));
  for (const TfliteOperator::ByRank& entry : op->by_rank) {
    const bool over = entry.version > 0 && value.dims && value.dims->size() > entry.over;
    if (over) version = std::max(version, entry.version);
  }
  return version;
}

}  // namespace slipway
