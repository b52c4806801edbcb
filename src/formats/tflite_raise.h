// Raiser: what the rules of each TFLite operator (tflite_raise_*.cc) build their ONNX nodes with.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/tflite.h"
#include "graph/builder.h"

namespace slipway {

class Raiser {
 public:
  explicit Raiser(const TfliteModel& model);
  Result<Graph> raise();

  const Graph& from() const { return model_.graph; }
  // Known or not, the sizes of a TFLite value.
  const Dims& dims(ValueId tf) const { return *from().value(tf).dims; }
  DType dtype(ValueId tf) const { return from().value(tf).dtype; }

  // The ONNX value of input i of `node`; quantized integers as the real numbers they stand for.
  ValueId input(const Node& node, size_t i);
  // The same, unless the node leaves input i out: an invalid id.
  ValueId optional_input(const Node& node, size_t i);
  // A filter with its dimensions reordered: a constant is reordered here, anything else by a Transpose.
  ValueId filter(const Node& node, size_t i, const std::vector<int64_t>& permutation);
  // The contents of constant input i; unimplemented when it is computed.
  Result<std::vector<int64_t>> ints(const Node& node, size_t i, std::string_view what) const;
  Result<float> real(const Node& node, size_t i, std::string_view what) const;

  // Nodes, with the card's inference. A missing card is an error that sticks.
  ValueId op(std::string_view op_type, Values inputs, Attributes attributes = {});
  Values ops(std::string_view op_type, Values inputs, int outputs, Attributes attributes = {});
  ValueId constant_ints(const std::vector<int64_t>& values) { return builder_.ints(values); }
  ValueId scalar(float value) { return builder_.scalar(value); }
  ValueId transposed(ValueId x, const std::vector<int64_t>& permutation);
  // The node's fused activation behind `x`.
  Result<ValueId> activated(const Node& node, ValueId x);

  // Makes `value` the result of output i, quantized where the TFLite tensor is.
  void set(const Node& node, size_t i, ValueId value);

 private:
  Status raise_node(const Node& node);
  ValueId raw(ValueId tf);
  Status name_outputs();

  const TfliteModel& model_;
  Graph out_;
  Builder builder_;
  std::vector<ValueId> raised_;  // by TFLite value: as stored
  std::vector<ValueId> reals_;   // by TFLite value: dequantized
  Values named_outputs_;         // one per graph output, of its name
};

using RaiseFn = Status (*)(Raiser& r, const Node& node);
struct RaiseRule {
  std::string_view name;  // BuiltinOperator
  RaiseFn raise;
};

// The rules by room; raise_tflite() looks through all.
std::span<const RaiseRule> raise_arithmetic_rules();
std::span<const RaiseRule> raise_image_rules();
std::span<const RaiseRule> raise_recurrent_rules();
std::span<const RaiseRule> raise_shape_rules();

}  // namespace slipway
