// Lowering: what the rules of each ONNX operator (lower_*.cc) build their TFLite nodes with.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "convert/tflite_layout.h"
#include "formats/tflite.h"
#include "graph/graph.h"

namespace slipway::convert {

class Lowering {
 public:
  // `from` is what lower_layers() and sink_transposes() left: ONNX nodes among nodes of domain "tflite".
  Lowering(const Graph& from, std::vector<Refusal>& refusals);
  TfliteModel run();

  const Graph& from() const { return from_; }
  const Value& value(ValueId onnx) const { return from_.value(onnx); }
  // An error unless the rank is known.
  Result<Dims> dims(ValueId onnx) const;
  // The contents of constant input i; an error that calls it `what` when it is computed.
  Result<std::vector<int64_t>> ints(const Node& node, size_t i, std::string_view what) const;
  // Constant input i of one element as a number; `otherwise` when it is left out.
  Result<double> number(const Node& node, size_t i, double otherwise, std::string_view what) const;

  // The TFLite value of input i.
  ValueId input(const Node& node, size_t i) { return lowered(node.inputs[i]); }
  // 32-bit parameters, as TFLite wants axes, shapes and permutations.
  ValueId ints32(const std::vector<int64_t>& values);
  ValueId int32(int64_t value);
  ValueId scalar(float value);

  // Adds a node whose results are the outputs of `node`, or a value in between.
  void emit(const Node& node, std::string_view op_type, Values inputs, Attributes attributes = {});
  ValueId between(std::string_view op_type, Values inputs, DType dtype, Dims dims, Attributes attributes = {});
  // Output 0 of `node` is the TFLite value `same`.
  void alias(const Node& node, ValueId same);
  // An integer value of the ONNX graph, kept in TFLite as int8 with this quantization.
  void set_quantization(ValueId lowered, Quantization quantization);
  const Quantization* quantization(ValueId lowered) const { return model_.quantization_of(lowered); }
  // The constant or value that `onnx` becomes.
  ValueId lowered(ValueId onnx);
  // Adds a constant that stands for output 0 of nothing yet: quantized weights.
  ValueId constant(std::string_view name, Tensor data);

  // Only for output `i`, under the name that the graph gives it, with another type than the graph's.
  ValueId declare(ValueId onnx, DType dtype);

 private:
  Status lower(const Node& node);
  Status check_runs(size_t begin) const;
  void finish_outputs();
  void add(std::string_view op_type, Values inputs, Values outputs, Attributes attributes);

  const Graph& from_;
  std::vector<Refusal>& refusals_;
  TfliteModel model_;
  std::vector<ValueId> lowered_;              // by ONNX value
  std::map<ValueId, ValueId> named_outputs_;  // by ONNX output: the value of its name
};

using LowerFn = Status (*)(Lowering& l, const Node& node);
struct LowerRule {
  std::string_view name;  // ONNX's op_type
  LowerFn lower;
};

std::span<const LowerRule> lower_activation_rules();
std::span<const LowerRule> lower_arithmetic_rules();
std::span<const LowerRule> lower_shape_rules();
std::span<const LowerRule> lower_quantization_rules();

// The sizes for a RESHAPE to `dims`: at most one may be unknown, which becomes -1.
Result<std::vector<int64_t>> reshape_target(const Dims& dims);

}  // namespace slipway::convert
