// The operators of TensorFlow Lite that are written, as its runtime has them: one row for each.
//
// Versions that the runtime registers are those of tflite/core/kernels/register.cc; types and ranks those that the
// kernels' Prepare and Eval accept (tflite/kernels/*.cc), as far back as the runtime of TensorFlow 2.13; the version
// that a node needs that of TensorFlow's versioning/op_version.cc; what 8-bit arithmetic does that of the 8-bit
// specification (https://www.tensorflow.org/lite/performance/quantization_spec). tests/walks/tflite_runtime_test.cc
// holds the table to a runtime.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "formats/tflite.h"

namespace slipway {

inline constexpr int kAnyTfliteRank =
    8;  // the most dimensions that a kernel's shape holds without leaving its fast form

// How the scale of an int8 result follows.
enum class TfliteInt8 : uint8_t {
  none,      // computes in real numbers
  weighted,  // its own; int8 weights (input 1) with zero point 0, one scale or one for each output channel
  rescales,  // its own, as every input's
  passes,    // that of the data
  joins,     // its own; all inputs have it
  fixed,     // given by the specification, and by the card of the ONNX operator that is spelled so
  stores,    // makes integers of real numbers
  restores,  // makes real numbers of integers
};

struct TfliteOperator {
  const char* name;             // BuiltinOperator
  int first = 1, last = 1;      // versions that the runtime registers
  const char* types;            // of the data input where it stands for itself: letters (tflite_operators.cc)
  const char* quantized = "";   // where it stands for real numbers
  int rank = kAnyTfliteRank;    // the highest
  int broadcast = 0;            // the highest where inputs differ in shape
  size_t data = 0;              // the data input
  bool needs_elements = false;  // fails over no elements, or answers with other numbers than infinity
  TfliteInt8 int8 = TfliteInt8::none;
  int channels = 0;               // of `weighted`: the weights' dimension of output channels
  bool hybrid = false;            // of `weighted`: takes int8 weights under float activations
  bool moves = false;             // one output has the elements of input 0 in an order and shape of its own
  bool takes_activation = false;  // has fused_activation_function
  bool is_activation = false;     // may be that function
  int version = 1;                // the least that a node needs
  const char* by_type = "";       // the versions for types of the data input, as "82 s3": 2 for int8, 3 for int16
  struct ByRank {
    size_t over;
    int version;
  };
  std::array<ByRank, 2> by_rank = {};
  // The version that options, quantization and other types ask for; 0: they ask for none, and the fields above count.
  int (*version_of)(const TfliteModel& model, const Node& node) = nullptr;

  bool takes(DType dtype, bool stands_for_reals) const;
  // What `by_type` says; 0: nothing.
  int version_for(DType dtype) const;
};

// nullptr for an operator that is not written.
const TfliteOperator* find_tflite_operator(std::string_view name);

// The types of `letters`, for people.
std::string tflite_type_names(std::string_view letters);

}  // namespace slipway
