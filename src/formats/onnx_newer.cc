// Two tables: since when each operator is there, and which attributes it gained.
#include "formats/onnx_newer.h"

#include <algorithm>
#include <iterator>

namespace slipway {

namespace {

struct NewAttribute {
  std::string_view op, attribute;
  int since;
};
constexpr NewAttribute kAttributes[] = {
    {"AveragePool", "dilations", 19},
    {"Cast", "saturate", 19},
    {"Cast", "round_mode", 24},
    {"CastLike", "saturate", 19},
    {"CastLike", "round_mode", 24},
    {"DequantizeLinear", "block_size", 21},
    {"DequantizeLinear", "output_dtype", 23},
    {"GroupNormalization", "stash_type", 21},
    {"LpPool", "ceil_mode", 18},
    {"LpPool", "dilations", 18},
    {"QuantizeLinear", "block_size", 21},
    {"QuantizeLinear", "output_dtype", 21},
    {"QuantizeLinear", "precision", 23},
    {"QuantizeLinear", "saturate", 19},
    {"ReduceL1", "noop_with_empty_axes", 18},
    {"ReduceL2", "noop_with_empty_axes", 18},
    {"ReduceLogSum", "noop_with_empty_axes", 18},
    {"ReduceLogSumExp", "noop_with_empty_axes", 18},
    {"ReduceMax", "noop_with_empty_axes", 18},
    {"ReduceMean", "noop_with_empty_axes", 18},
    {"ReduceMin", "noop_with_empty_axes", 18},
    {"ReduceProd", "noop_with_empty_axes", 18},
    {"ReduceSumSquare", "noop_with_empty_axes", 18},
    {"Range", "stash_type", 27},
    {"Resize", "antialias", 18},
    {"Resize", "axes", 18},
    {"Resize", "keep_aspect_ratio_policy", 18},
    {"Split", "num_outputs", 18},
};

struct Changed {
  std::string_view op;
  int since;
};
// Beside those that have a new attribute.
constexpr Changed kChanged[] = {{"DFT", 20}, {"Pad", 18}};

}  // namespace

int onnx_attribute_since(std::string_view op, std::string_view attribute) {
  auto it = std::find_if(std::begin(kAttributes), std::end(kAttributes),
                         [&](const NewAttribute& a) { return a.op == op && a.attribute == attribute; });
  return it == std::end(kAttributes) ? 0 : it->since;
}

int onnx_type_since(std::string_view op, DType dtype) {
  const bool half = dtype == DType::f16 || dtype == DType::bf16;
  return half && op == "Range" ? 27 : 0;
}

int onnx_changed_since(std::string_view op) {
  int since = 0;
  auto note = [&](int opset) { since = since == 0 ? opset : std::min(since, opset); };
  for (const NewAttribute& entry : kAttributes) {
    if (entry.op == op) note(entry.since);
  }
  for (const Changed& entry : kChanged) {
    if (entry.op == op) note(entry.since);
  }
  return since;
}

}  // namespace slipway
