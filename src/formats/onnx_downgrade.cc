// The changes from opset to opset, downwards. Each function undoes what opset `_n` brought.
#include "formats/onnx_downgrade.h"

#include <algorithm>

#include <fmt/format.h>
#include <onnx/defs/schema.h>

#include "graph/captures.h"
#include "graph/operator.h"

namespace slipway {

namespace {

using Mover = VersionMover;
using Ints = std::vector<int64_t>;

DType dtype_or_float(const Mover& m, ValueId id) {
  DType dtype = id.valid() ? m.value(id).dtype : DType::undefined;
  return dtype == DType::undefined ? DType::f32 : dtype;
}

Status computed(const Mover& m, const char* what) {
  return unsupported(fmt::format("its {} are computed by the model, and opset {} wants them fixed; write a newer opset",
                                 what, m.target()));
}

// A default that is written out says nothing; another value stays and is refused by name where opset has no such
// attribute.
void erase_default(Node& node, const char* name, const Attribute& otherwise) {
  const Attribute* value = node.attributes.find(name);
  if (value == nullptr || value->index() != otherwise.index()) return;
  bool same = std::visit(
      [&]<typename T>(const T& v) {
        if constexpr (std::is_same_v<T, Tensor> || std::is_same_v<T, std::shared_ptr<const Graph>>)
          return false;
        else
          return v == std::get<T>(otherwise);
      },
      *value);
  if (same) node.attributes.erase(name);
}

void erase_ones(Node& node, const char* name) {
  const Attribute* value = node.attributes.find(name);
  const auto* list = value == nullptr ? nullptr : std::get_if<Ints>(value);
  if (list != nullptr && std::all_of(list->begin(), list->end(), [](int64_t v) { return v == 1; })) {
    node.attributes.erase(name);
  }
}

// int64 input `i` becomes attribute `name`.
Status input_to_attribute(Mover& m, Node& node, size_t i, const char* name) {
  if (!node.has_input(i)) return {};
  const Tensor* values = m.constant_input(node, i);
  if (values == nullptr || !is_integer(values->dtype())) return computed(m, name);
  node.attributes.set(name, values->to_ints());
  node.inputs[i] = {};
  return {};
}

// A float scalar input becomes an attribute.
Status scalar_to_attribute(Mover& m, Node& node, size_t i, const char* name) {
  if (!node.has_input(i)) return {};
  const Tensor* value = m.constant_input(node, i);
  if (value == nullptr || value->count() != 1 || value->dtype() == DType::string) return computed(m, name);
  node.attributes.set(name, static_cast<float>(value->to_doubles()[0]));
  node.inputs[i] = {};
  return {};
}

Result<int64_t> needed_rank(const Mover& m, ValueId id, const char* why) {
  std::optional<int64_t> rank = m.rank(id);
  if (rank) return *rank;
  return unsupported(fmt::format("the rank of its input is unknown, and {} needs it", why));
}

// -- Opset 24 and 23 -----------------------------------------------------------------------------------------------

// y = x sigmoid(alpha x)
Status swish_24(Mover& m, Node& node) {
  ValueId x = node.inputs[0], inner = x;
  float alpha = take_float(node, "alpha").value_or(1);
  if (alpha != 1) inner = TRY(m.emit("Mul", {x, m.number(static_cast<double>(alpha), dtype_or_float(m, x))}));
  node.op_type = "Mul";
  node.inputs = {x, TRY(m.emit("Sigmoid", {inner}))};
  return {};
}

// y = x / sqrt(mean(x^2) + epsilon) * scale
Status rms_normalization_23(Mover& m, Node& node) {
  ValueId x = node.inputs[0];
  int64_t rank = TRY(needed_rank(m, x, "RMSNormalization"));
  Ints axes;
  for (int64_t i = TRY(normalize_axis(take_int(node, "axis").value_or(-1), rank)); i < rank; ++i) axes.push_back(i);
  ValueId epsilon = m.number(static_cast<double>(take_float(node, "epsilon").value_or(1e-5f)), dtype_or_float(m, x));
  ValueId mean = TRY(m.emit("ReduceMean", {TRY(m.emit("Mul", {x, x})), m.ints(axes)}));
  ValueId deviation = TRY(m.emit("Sqrt", {TRY(m.emit("Add", {mean, epsilon}))}));
  node.op_type = "Mul";
  node.inputs = {TRY(m.emit("Div", {x, deviation})), node.inputs[1]};
  node.attributes = {};
  return {};
}

// -- Opset 21 and 20 -----------------------------------------------------------------------------------------------

Status quantize_21(Mover& m, Node& node) {
  erase_default(node, "block_size", int64_t{0});
  int64_t dtype = take_int(node, "output_dtype").value_or(0);
  if (dtype == 0 || node.has_input(2)) return {};
  const Tensor* scale = m.constant_input(node, 1);
  if (scale == nullptr) return unsupported("attribute \"output_dtype\" without a zero point, and a computed scale");
  set_input(node, 2, m.constant(Tensor(static_cast<DType>(dtype), scale->shape()), "zero_point"));
  return {};
}

Status dequantize_21(Mover&, Node& node) {
  erase_default(node, "block_size", int64_t{0});
  return {};
}

// y = scale * InstanceNormalization(x as [N, groups, rest]) as x + bias
Status group_normalization_21(Mover& m, Node& node) {
  int64_t rank = TRY(needed_rank(m, node.inputs[0], "GroupNormalization"));
  int64_t groups = take_int(node, "num_groups").value_or(1);
  DType dtype = dtype_or_float(m, node.inputs[0]);
  Tensor ones = Tensor::of<double>({groups}, std::vector<double>(static_cast<size_t>(groups), 1)).cast(dtype);
  ValueId x = TRY(m.emit("Reshape", {node.inputs[0], m.ints({0, groups, -1})}));
  Attributes epsilon = {{"epsilon", take_float(node, "epsilon").value_or(1e-5f)}};
  ValueId normal = TRY(m.emit("InstanceNormalization",
                              {x, m.constant(ones, "ones"), m.constant(Tensor(dtype, {groups}), "zeros")}, epsilon));
  ValueId shape = TRY(m.emit("Shape", {node.inputs[0]}));
  ValueId back = TRY(m.emit("Reshape", {normal, shape}));
  Ints axes;
  for (int64_t i = 1; i < rank - 1; ++i) axes.push_back(i);
  Values wide = {node.inputs[1], node.inputs[2]};
  for (ValueId& v : wide) {
    if (!axes.empty()) v = TRY(m.emit("Unsqueeze", {v, m.ints(axes)}));
  }
  node.op_type = "Add";
  node.inputs = {TRY(m.emit("Mul", {back, wide[0]})), wide[1]};
  node.attributes = {};
  return {};
}

// y = 0.5 x (1 + erf(x / sqrt(2))), or 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
Status gelu_20(Mover& m, Node& node) {
  ValueId x = node.inputs[0];
  DType dtype = dtype_or_float(m, x);
  bool tanh = take_string(node, "approximate").value_or("none") == "tanh";
  ValueId inner;
  if (tanh) {
    ValueId cube = TRY(m.emit("Mul", {TRY(m.emit("Mul", {x, x})), x}));
    ValueId sum = TRY(m.emit("Add", {x, TRY(m.emit("Mul", {cube, m.number(0.044715, dtype)}))}));
    inner = TRY(m.emit("Tanh", {TRY(m.emit("Mul", {sum, m.number(0.7978845608028654, dtype)}))}));
  } else {
    inner = TRY(m.emit("Erf", {TRY(m.emit("Mul", {x, m.number(0.7071067811865476, dtype)}))}));
  }
  ValueId gate = TRY(m.emit("Add", {inner, m.number(1, dtype)}));
  node.op_type = "Mul";
  node.inputs = {TRY(m.emit("Mul", {x, m.number(0.5, dtype)})), gate};
  return {};
}

Status grid_sample_20(Mover&, Node& node) {
  std::string mode = take_string(node, "mode").value_or("linear");
  node.attributes.set("mode", mode == "linear" ? std::string("bilinear") : mode == "cubic" ? "bicubic" : mode);
  return {};
}

Status dft_20(Mover& m, Node& node) {
  if (!node.has_input(2)) {
    int64_t rank = TRY(needed_rank(m, node.inputs[0], "the default axis of DFT"));
    node.attributes.set("axis", rank - 2);
    return {};
  }
  const Tensor* axis = m.constant_input(node, 2);
  if (axis == nullptr) return computed(m, "axes");
  node.attributes.set("axis", axis->to_ints()[0]);
  drop_inputs(node, 2);
  return {};
}

// -- Opset 19 and 18 -----------------------------------------------------------------------------------------------

Status saturate_19(Mover&, Node& node) {
  erase_default(node, "saturate", int64_t{1});
  return {};
}

Status dilations_erased(Mover&, Node& node) {
  erase_ones(node, "dilations");
  return {};
}

Status pad_19(Mover&, Node& node) {
  if (get_string(node, "mode") == "wrap") return unsupported("mode \"wrap\" came with opset 19");
  return {};
}

Status resize_19(Mover&, Node& node) {
  if (get_string(node, "coordinate_transformation_mode") != "half_pixel_symmetric") return {};
  return unsupported("half_pixel_symmetric came with opset 19");
}

// Without `split`, num_outputs equal parts, the last one smaller when they do not fit; before, parts had to be equal.
Status split_18(Mover& m, Node& node) {
  auto parts = static_cast<int64_t>(node.outputs.size());
  node.attributes.erase("num_outputs");
  const std::optional<Dims>& dims = m.value(node.inputs[0]).dims;
  if (node.has_input(1) || !dims) return {};
  int64_t axis = get_int(node, "axis").value_or(0);
  if (axis < 0) axis += static_cast<int64_t>(dims->size());
  if (axis < 0 || axis >= static_cast<int64_t>(dims->size())) return invalid(fmt::format("axis {} is no axis", axis));
  const Dim& dim = (*dims)[static_cast<size_t>(axis)];
  if (!dim.known() || dim.size % parts == 0) return {};
  int64_t part = (dim.size + parts - 1) / parts;
  Ints sizes(static_cast<size_t>(parts), part);
  sizes.back() = dim.size - part * (parts - 1);
  set_input(node, 1, m.ints(sizes));
  return {};
}

Status reduce_axes(Mover& m, Node& node) {
  bool nothing = take_int(node, "noop_with_empty_axes").value_or(0) != 0;
  const Tensor* axes = m.constant_input(node, 1);
  if (node.has_input(1) && axes == nullptr) return computed(m, "axes");
  if (axes != nullptr && axes->count() > 0) node.attributes.set("axes", axes->to_ints());
  drop_inputs(node, 1);
  if (nothing && !node.has("axes")) {
    node.op_type = "Identity";
    node.attributes = {};
  }
  return {};
}

// Pads of some axes become pads of all: [begin of each axis..., end of each axis...].
Status pad_18(Mover& m, Node& node) {
  if (!node.has_input(3)) return {};
  const Tensor* axes = m.constant_input(node, 3);
  const Tensor* pads = m.constant_input(node, 1);
  if (axes == nullptr || pads == nullptr || pads->count() != 2 * axes->count()) return computed(m, "axes or pads");
  int64_t rank = TRY(needed_rank(m, node.inputs[0], "spreading its pads over all axes"));
  Ints all(static_cast<size_t>(2 * rank), 0);
  for (int64_t i = 0; i < axes->count(); ++i) {
    int64_t axis = TRY(normalize_axis(axes->to_ints()[static_cast<size_t>(i)], rank));
    all[static_cast<size_t>(axis)] = pads->to_ints()[static_cast<size_t>(i)];
    all[static_cast<size_t>(axis + rank)] = pads->to_ints()[static_cast<size_t>(i + axes->count())];
  }
  node.inputs[1] = m.ints(all);
  drop_inputs(node, 3);
  return {};
}

Status resize_18(Mover&, Node& node) {
  erase_default(node, "antialias", int64_t{0});
  erase_default(node, "keep_aspect_ratio_policy", std::string("stretch"));
  return {};
}

Status scatter_18(Mover&, Node& node) {
  std::string reduction = get_string(node, "reduction").value_or("none");
  if (reduction != "min" && reduction != "max") return {};
  return unsupported(fmt::format("reduction \"{}\" came with opset 18", reduction));
}

Status lp_pool_18(Mover&, Node& node) {
  erase_default(node, "ceil_mode", int64_t{0});
  erase_ones(node, "dilations");
  return {};
}

// y = x tanh(softplus(x))
Status mish_18(Mover& m, Node& node) {
  ValueId gate = TRY(m.emit("Tanh", {TRY(m.emit("Softplus", {node.inputs[0]}))}));
  node.op_type = "Mul";
  node.inputs = {node.inputs[0], gate};
  return {};
}

// -- Opset 17 to 14 ------------------------------------------------------------------------------------------------

// y = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias, over the axes from `axis` on
Status layer_normalization_17(Mover& m, Node& node) {
  if (node.has_output(1) || node.has_output(2)) return unsupported("its mean and deviation are outputs as well");
  int64_t axis = take_int(node, "axis").value_or(-1);
  Ints axes = {-1};
  if (axis != -1) {
    int64_t rank = TRY(needed_rank(m, node.inputs[0], "LayerNormalization over several axes"));
    axes.clear();
    for (int64_t i = TRY(normalize_axis(axis, rank)); i < rank; ++i) axes.push_back(i - rank);
  }
  Attributes over = {{"axes", axes}};
  ValueId x = node.inputs[0];
  ValueId centred = TRY(m.emit("Sub", {x, TRY(m.emit("ReduceMean", {x}, over))}));
  ValueId variance = TRY(m.emit("ReduceMean", {TRY(m.emit("Mul", {centred, centred}))}, over));
  ValueId epsilon = m.number(take_float(node, "epsilon").value_or(1e-5f), dtype_or_float(m, x));
  ValueId deviation = TRY(m.emit("Sqrt", {TRY(m.emit("Add", {variance, epsilon}))}));
  ValueId normal = TRY(m.emit("Div", {centred, deviation}));
  bool biased = node.has_input(2);
  Values last = {normal, node.inputs[1]};
  if (biased) last = {TRY(m.emit("Mul", {normal, node.inputs[1]})), node.inputs[2]};
  node.op_type = biased ? "Add" : "Mul";
  node.inputs = last;
  node.attributes = {};
  return {};
}

Status scatter_16(Mover&, Node& node) {
  erase_default(node, "reduction", std::string("none"));
  return {};
}

Status roi_align_16(Mover&, Node& node) {
  std::string mode = take_string(node, "coordinate_transformation_mode").value_or("half_pixel");
  return mode == "output_half_pixel" ? Status() : unsupported("before opset 16 it samples at output_half_pixel only");
}

Status shape_15(Mover& m, Node& node) {
  int64_t start = take_int(node, "start").value_or(0);
  std::optional<int64_t> end = take_int(node, "end");
  if (start == 0 && !end) return {};
  ValueId whole = TRY(m.emit("Shape", {node.inputs[0]}));
  node.op_type = "Slice";
  node.inputs = {whole, m.ints({start}), m.ints({end.value_or(INT64_MAX)}), m.ints({0})};
  return {};
}

Status batch_normalization_14(Mover&, Node& node) {
  erase_default(node, "training_mode", int64_t{0});
  return {};
}

// y = x HardSigmoid(x; 1/6, 1/2)
Status hard_swish_14(Mover& m, Node& node) {
  ValueId gate = TRY(m.emit("HardSigmoid", {node.inputs[0]}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}}));
  node.op_type = "Mul";
  node.inputs = {node.inputs[0], gate};
  return {};
}

Status recurrent_14(Mover&, Node& node) {
  erase_default(node, "layout", int64_t{0});
  return {};
}

Status reshape_14(Mover&, Node& node) {
  erase_default(node, "allowzero", int64_t{0});
  return {};
}

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

Status resize_10(Mover&, Node& node) {
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
    {"Swish", 24, swish_24},
    {"RMSNormalization", 23, rms_normalization_23, 2},
    {"QuantizeLinear", 21, quantize_21},
    {"DequantizeLinear", 21, dequantize_21},
    {"GroupNormalization", 21, group_normalization_21, 3},
    {"Gelu", 20, gelu_20},
    {"GridSample", 20, grid_sample_20},
    {"DFT", 20, dft_20},
    {"Cast", 19, saturate_19},
    {"CastLike", 19, saturate_19},
    {"QuantizeLinear", 19, saturate_19},
    {"AveragePool", 19, dilations_erased},
    {"Pad", 19, pad_19},
    {"Resize", 19, resize_19},
    {"Split", 18, split_18},
    {"ReduceL1", 18, reduce_axes},
    {"ReduceL2", 18, reduce_axes},
    {"ReduceLogSum", 18, reduce_axes},
    {"ReduceLogSumExp", 18, reduce_axes},
    {"ReduceMax", 18, reduce_axes},
    {"ReduceMean", 18, reduce_axes},
    {"ReduceMin", 18, reduce_axes},
    {"ReduceProd", 18, reduce_axes},
    {"ReduceSumSquare", 18, reduce_axes},
    {"Pad", 18, pad_18},
    {"Resize", 18, resize_18},
    {"ScatterElements", 18, scatter_18},
    {"ScatterND", 18, scatter_18},
    {"LpPool", 18, lp_pool_18},
    {"Mish", 18, mish_18},
    {"LayerNormalization", 17, layer_normalization_17, 2},
    {"ScatterElements", 16, scatter_16},
    {"ScatterND", 16, scatter_16},
    {"RoiAlign", 16, roi_align_16},
    {"Shape", 15, shape_15},
    {"BatchNormalization", 14, batch_normalization_14},
    {"HardSwish", 14, hard_swish_14},
    {"RNN", 14, recurrent_14},
    {"GRU", 14, recurrent_14},
    {"LSTM", 14, recurrent_14},
    {"Reshape", 14, reshape_14},
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

constexpr int kNewestSchema = 17;  // what libonnx 1.12 knows

// ONNX's name of a type in its schemas: "tensor(float)", "seq(tensor(int64))"; "" when the type is not all known.
std::string schema_type(const ValueType& type) {
  if (!is_tensor(type.dtype)) {
    std::string element = type.element != nullptr ? schema_type(*type.element) : "";
    return element.empty() ? element
                           : fmt::format("{}({})", type.dtype == DType::sequence ? "seq" : "optional", element);
  }
  if (type.dtype == DType::undefined) return "";
  std::string_view name = dtype_name(type.dtype);
  if (type.dtype == DType::f32) name = "float";
  if (type.dtype == DType::f64) name = "double";
  return fmt::format("tensor({})", name);
}

Status check_types(const Graph& graph, const Node& node, const onnx::OpSchema& schema, int opset) {
  const auto& formals = schema.inputs();
  size_t count = node.inputs.size() - std::min(node.inputs.size(), captured_inputs(node));
  for (size_t i = 0; i < count && !formals.empty(); ++i) {
    if (!node.has_input(i)) continue;
    const ValueType type = graph.value(node.inputs[i]).type();
    const auto& types = formals[std::min(i, formals.size() - 1)].GetTypes();
    std::string wanted = schema_type(type);
    bool fits = std::any_of(types.begin(), types.end(), [&](const std::string* type) { return *type == wanted; });
    if (wanted.empty() || fits) continue;
    return unsupported(fmt::format("{}: input {} is {}, which opset {} does not take there", describe(node), i,
                                   is_tensor(type.dtype) ? std::string(dtype_name(type.dtype)) : to_string(type),
                                   opset));
  }
  return {};
}

// Whether `opset` has the operator, its attributes and its input types.
Status check_expressible(const Graph& graph, const Node& node, int opset) {
  if (node.domain == "slipway") {
    return unsupported(
        fmt::format("{}: it exists only inside Slipway; write the graph before optimization", describe(node)));
  }
  if (!node.domain.empty()) return {};
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(node.op_type, std::min(opset, kNewestSchema), "");
  if (schema == nullptr || schema->Deprecated()) {
    bool newer = opset > kNewestSchema && (node.op == nullptr || node.op->since <= opset);
    if (newer && schema == nullptr) return {};
    if (node.op == nullptr && onnx::OpSchemaRegistry::Schema(node.op_type, kNewestSchema, "") == nullptr) {
      return unsupported(
          fmt::format("{}: no opset up to {} has such an operator; check its name, or give a custom "
                      "operator a domain of its own",
                      describe(node), kNewestSchema));
    }
    std::string since = node.op != nullptr ? fmt::format(" (it came with opset {})", node.op->since) : "";
    return unsupported(
        fmt::format("{}: opset {} has no such operator{}; write a newer opset", describe(node), opset, since));
  }
  if (opset > kNewestSchema) return {};
  for (const auto& [name, value] : node.attributes.items()) {
    if (schema->attributes().contains(name)) continue;
    return unsupported(fmt::format("{}: opset {} does not know its attribute \"{}\"; write a newer opset",
                                   describe(node), opset, name));
  }
  return check_types(graph, node, *schema, opset);
}

// The nodes that `original` became, from `begin` on, are what the opset has. Errors begin with the original.
Status check_lowered(const Graph& graph, size_t begin, const Node& original, int opset) {
  for (size_t n = begin; n < graph.nodes().size(); ++n) {
    Status status = check_expressible(graph, graph.nodes()[n], opset);
    bool itself = describe(graph.nodes()[n]) == describe(original);
    if (!status.ok()) return itself ? status : status.at(describe(original));
  }
  return {};
}

}  // namespace

Result<Graph> lowered_to_opset(const Graph& graph, int opset) {
  Graph out = graph;
  out.nodes().clear();
  VersionMover mover(out, kRules, VersionMover::Direction::down, opset);
  for (const Node& original : graph.nodes()) {
    Node node = original;
    for (const auto& [name, value] : original.attributes.items()) {
      const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&value);
      if (subgraph == nullptr) continue;
      Result<Graph> lowered = lowered_to_opset(**subgraph, opset);
      if (!lowered.ok()) return lowered.status().at(describe(original));
      node.attributes.set(name, std::make_shared<const Graph>(std::move(lowered).value()));
    }
    RETURN_IF_ERROR(verify_node(node));
    size_t begin = out.nodes().size();
    int since = original.op != nullptr && original.domain.empty() ? original.op->since : 0;
    RETURN_IF_ERROR(mover.move(std::move(node), std::max(kCanonicalOpset, since)));
    RETURN_IF_ERROR(check_lowered(out, begin, original, opset));
  }
  return out;
}

}  // namespace slipway
