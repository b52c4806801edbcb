// TensorFlow Lite files (.tflite): a model as that format says it, its bytes, and its meaning in ONNX semantics.
//
// Writing has two steps: convert/tflite_lowering.h says a graph in TFLite's operators, write_tflite() encodes that.
// Reading has two as well: parse_tflite() decodes and checks, raise_tflite() says it in ONNX semantics.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway {

// How an integer tensor stands for real numbers: real = scale * (stored - zero_point), one pair for the tensor or one
// per index of dimension `axis`.
struct Quantization {
  std::vector<float> scale;
  std::vector<int64_t> zero_point;  // as many as scales
  int64_t axis = 0;

  bool per_tensor() const { return scale.size() == 1; }
  bool operator==(const Quantization&) const = default;
};

// A model in TFLite's own words. Nodes are of domain "tflite": op_type is the BuiltinOperator's name, attributes are
// the fields of its options (enums by name), images are [N, H, W, C], filters [O, H, W, I]. Such a graph has no cards.
struct TfliteModel {
  Graph graph;
  std::map<std::string, Quantization> quantization;  // by value name

  // The quantization of `value`, or nullptr.
  const Quantization* quantization_of(ValueId value) const;
};

inline constexpr const char* kTfliteDomain = "tflite";

// The file's bytes. unimplemented names the value or node that the format has no room for, or that no runtime would
// load or run (formats/tflite_runtime.h); resource_exhausted over 2 GB. An unknown size is written as 1 with -1 in the
// shape signature.
Result<std::string> write_tflite(const TfliteModel& model);

// The model in `bytes`; constants are copied. Every offset, index and size is checked: data_loss says what is broken,
// unimplemented what this reader does not know (sparse tensors, custom operators). Every call begins with the state
// that TFLite has at the first one: a variable tensor is a constant of zeros, a variable behind a handle what CALL_ONCE
// assigns to it, and reading one is the value that was assigned last.
Result<TfliteModel> parse_tflite(std::string_view bytes);

// The same computation in ONNX semantics: [N, C, H, W] images inside, integer tensors between QuantizeLinear and
// DequantizeLinear. unimplemented names the operator without a counterpart.
Result<Graph> raise_tflite(const TfliteModel& model);

// parse, then raise.
Result<Graph> read_tflite(std::string_view bytes);

}  // namespace slipway
