// The changes of opsets 13 to 10, downwards. Each function undoes what opset `_n` brought.
#include <algorithm>

#include <fmt/format.h>

#include "formats/onnx_downgrade_pieces.h"

namespace slipway::downgrade {

namespace {

// -- Opset 13 and 12 -----------------------------------------------------------------------------------------------

Status axes_13(Mover& m, Node& node) { return input_to_attribute(m, node, 1, "axes"); }
Status split_13(Mover& m, Node& node) { return input_to_attribute(m, node, 1, "split"); }

// Softmax, LogSoftmax and Hardmax worked on everything from `axis` on: the axis must come last.
Status softmax_13(Mover& m, Node& node) {
  int64_t axis = take_int(node, "axis").value_or(-1);
  if (axis == -1) {
    node.attributes.set("axis", int64_t{-1});
    return {};
  }
  int64_t rank = TRY(needed_rank(m, node.inputs[0], "moving its axis to the end"));
  axis = TRY(normalize_axis(axis, rank));
  if (axis == rank - 1) {
    node.attributes.set("axis", axis);
    return {};
  }
  Ints order;
  for (int64_t i = 0; i < rank; ++i) order.push_back(i);
  std::swap(order[static_cast<size_t>(axis)], order.back());
  ValueId moved = TRY(m.emit("Transpose", {node.inputs[0]}, {{"perm", order}}));
  ValueId y = TRY(m.emit(node.op_type, {moved}, {{"axis", rank - 1}}));
  node.op_type = "Transpose";
  node.inputs = {y};
  node.attributes = {{"perm", order}};
  return {};
}

Status quantize_13(Mover& m, Node& node) {
  std::optional<int64_t> scale_rank = m.rank(node.inputs[1]);
  if (!scale_rank) return unsupported("the rank of its scale is unknown, and before opset 13 it must be a scalar");
  if (*scale_rank != 0) return unsupported("it has a scale per channel, which came with opset 13");
  node.attributes.erase("axis");
  return {};
}

// roi and scales had to be there, empty when unused.
Status resize_13(Mover& m, Node& node) {
  node.inputs.resize(std::max<size_t>(node.inputs.size(), 3));
  for (size_t i = 1; i < 3; ++i) {
    if (!node.has_input(i)) node.inputs[i] = m.constant(Tensor(DType::f32, {0}), "empty");
  }
  return {};
}

Status dropout_12(Mover& m, Node& node) {
  if (node.has_input(2)) {
    const Tensor* training = m.constant_input(node, 2);
    if (training == nullptr || training->count() != 1 || training->to_ints()[0] != 0) {
      return unsupported("training mode is an input since opset 12");
    }
  }
  RETURN_IF_ERROR(scalar_to_attribute(m, node, 1, "ratio"));
  node.attributes.erase("seed");
  drop_inputs(node, 1);
  return {};
}

Status select_last_12(Mover&, Node& node) {
  erase_default(node, "select_last_index", int64_t{0});
  return {};
}

Status gather_nd_12(Mover&, Node& node) {
  erase_default(node, "batch_dims", int64_t{0});
  return {};
}

Status or_equal_12(Mover& m, Node& node) {
  ValueId strict = TRY(m.emit(node.op_type == "GreaterOrEqual" ? "Greater" : "Less", node.inputs));
  ValueId equal = TRY(m.emit("Equal", node.inputs));
  node.op_type = "Or";
  node.inputs = {strict, equal};
  return {};
}

// -- Opset 11 and 10 -----------------------------------------------------------------------------------------------

// Axes counted from the end came with opset 11.
Status positive_axis_11(Mover& m, Node& node) {
  for (const char* name : {"axis", "axes"}) {
    const Attribute* attribute = node.attributes.find(name);
    if (attribute == nullptr) continue;
    const auto* one = std::get_if<int64_t>(attribute);
    const auto* many = std::get_if<Ints>(attribute);
    Ints axes = one != nullptr ? Ints{*one} : many != nullptr ? *many : Ints{};
    if (std::none_of(axes.begin(), axes.end(), [](int64_t axis) { return axis < 0; })) continue;
    int64_t rank = TRY(needed_rank(m, node.inputs[0], "counting an axis from the front"));
    if (node.op_type == "Unsqueeze") rank += static_cast<int64_t>(axes.size());
    for (int64_t& axis : axes) axis = TRY(normalize_axis(axis, rank));
    if (one != nullptr) {
      node.attributes.set(name, axes[0]);
    } else {
      node.attributes.set(name, axes);
    }
  }
  return {};
}

Status clip_11(Mover& m, Node& node) {
  RETURN_IF_ERROR(scalar_to_attribute(m, node, 1, "min"));
  RETURN_IF_ERROR(scalar_to_attribute(m, node, 2, "max"));
  drop_inputs(node, 1);
  return {};
}

Status pad_11(Mover& m, Node& node) {
  RETURN_IF_ERROR(input_to_attribute(m, node, 1, "pads"));
  RETURN_IF_ERROR(scalar_to_attribute(m, node, 2, "value"));
  drop_inputs(node, 1);
  return {};
}

Status top_k_11(Mover& m, Node& node) {
  erase_default(node, "largest", int64_t{1});
  erase_default(node, "sorted", int64_t{1});
  return positive_axis_11(m, node);
}

Status scatter_11(Mover& m, Node& node) {
  RETURN_IF_ERROR(positive_axis_11(m, node));
  node.op_type = "Scatter";
  return {};
}

Status gemm_11(Mover& m, Node& node) {
  if (!node.has_input(2)) set_input(node, 2, m.number(0, dtype_or_float(m, node.inputs[0])));
  return {};
}

Status depth_to_space_11(Mover&, Node& node) {
  erase_default(node, "mode", std::string("DCR"));
  return {};
}

Status resize_11(Mover&, Node& node) {
  std::string where = take_string(node, "coordinate_transformation_mode").value_or("half_pixel");
  std::string rounding = take_string(node, "nearest_mode").value_or("round_prefer_floor");
  std::string mode = get_string(node, "mode").value_or("nearest");
  bool same = where == "asymmetric" && (mode == "linear" || (mode == "nearest" && rounding == "floor"));
  if (!same || !node.has_input(2) || node.has_input(3)) {
    return unsupported("before opset 11 it takes scales and samples at x / scale, rounding down");
  }
  for (const char* name : {"cubic_coeff_a", "exclude_outside", "extrapolation_value"}) node.attributes.erase(name);
  node.inputs = {node.inputs[0], node.inputs[2]};
  return {};
}

// Which only enlarges.
Status resize_10(Mover& m, Node& node) {
  if (const Tensor* scales = m.constant_input(node, 1)) {
    for (double scale : scales->to_doubles()) {
      if (scale < 1) return unsupported(fmt::format("a scale of {}; the Upsample of opset 9 only enlarges", scale));
    }
  }
  node.op_type = "Upsample";
  return {};
}

Status slice_10(Mover& m, Node& node) {
  const Tensor* steps = m.constant_input(node, 4);
  if (node.has_input(4)) {
    if (steps == nullptr) return computed(m, "steps");
    for (int64_t step : steps->to_ints()) {
      if (step != 1) return unsupported(fmt::format("a step of {} came with opset 10", step));
    }
  }
  RETURN_IF_ERROR(input_to_attribute(m, node, 1, "starts"));
  RETURN_IF_ERROR(input_to_attribute(m, node, 2, "ends"));
  RETURN_IF_ERROR(input_to_attribute(m, node, 3, "axes"));
  drop_inputs(node, 1);
  return positive_axis_11(m, node);
}

Status top_k_10(Mover& m, Node& node) {
  const Tensor* k = m.constant_input(node, 1);
  if (k == nullptr || k->count() != 1) return computed(m, "k");
  node.attributes.set("k", k->to_ints()[0]);
  drop_inputs(node, 1);
  return {};
}

Status dropout_10(Mover&, Node& node) {
  return node.has_output(1) ? unsupported("its mask is boolean since opset 10") : Status();
}

Status pool_10(Mover&, Node& node) {
  erase_default(node, "ceil_mode", int64_t{0});
  erase_ones(node, "dilations");
  return {};
}

constexpr VersionRule kRules[] = {
    {"Squeeze", 13, axes_13},
    {"Unsqueeze", 13, axes_13},
    {"ReduceSum", 13, reduce_axes},
    {"Split", 13, split_13},
    {"Softmax", 13, softmax_13},
    {"LogSoftmax", 13, softmax_13},
    {"Hardmax", 13, softmax_13},
    {"QuantizeLinear", 13, quantize_13, 2},
    {"DequantizeLinear", 13, quantize_13, 2},
    {"Resize", 13, resize_13},
    {"Dropout", 12, dropout_12},
    {"ArgMax", 12, select_last_12},
    {"ArgMin", 12, select_last_12},
    {"GatherND", 12, gather_nd_12},
    {"GreaterOrEqual", 12, or_equal_12},
    {"LessOrEqual", 12, or_equal_12},
    {"Clip", 11, clip_11},
    {"Pad", 11, pad_11},
    {"TopK", 11, top_k_11},
    {"ScatterElements", 11, scatter_11},
    {"Gemm", 11, gemm_11},
    {"DepthToSpace", 11, depth_to_space_11},
    {"Resize", 11, resize_11},
    {"ArgMax", 11, positive_axis_11},
    {"ArgMin", 11, positive_axis_11},
    {"Compress", 11, positive_axis_11},
    {"Concat", 11, positive_axis_11},
    {"Flatten", 11, positive_axis_11},
    {"Gather", 11, positive_axis_11},
    {"Hardmax", 11, positive_axis_11},
    {"LogSoftmax", 11, positive_axis_11},
    {"ReduceL1", 11, positive_axis_11},
    {"ReduceL2", 11, positive_axis_11},
    {"ReduceLogSum", 11, positive_axis_11},
    {"ReduceLogSumExp", 11, positive_axis_11},
    {"ReduceMax", 11, positive_axis_11},
    {"ReduceMean", 11, positive_axis_11},
    {"ReduceMin", 11, positive_axis_11},
    {"ReduceProd", 11, positive_axis_11},
    {"ReduceSum", 11, positive_axis_11},
    {"ReduceSumSquare", 11, positive_axis_11},
    {"Softmax", 11, positive_axis_11},
    {"Split", 11, positive_axis_11},
    {"Squeeze", 11, positive_axis_11},
    {"Unsqueeze", 11, positive_axis_11},
    {"Slice", 10, slice_10},
    {"TopK", 10, top_k_10},
    {"Dropout", 10, dropout_10},
    {"MaxPool", 10, pool_10},
    {"AveragePool", 10, pool_10},
    {"Resize", 10, resize_10},
};

}  // namespace

std::span<const VersionRule> rules_13_to_10() { return kRules; }

}  // namespace slipway::downgrade
