// The changes of opsets 24 to 14, downwards. Each function undoes what opset `_n` brought.
#include <algorithm>

#include <fmt/format.h>

#include "formats/onnx_downgrade_pieces.h"
#include "kernels/gelu.h"

namespace slipway::downgrade {

namespace {

// -- Opset 24 and 23 -----------------------------------------------------------------------------------------------

// y = x sigmoid(alpha x)
Status swish_24(Mover& m, Node& node) {
  ValueId x = node.inputs[0], inner = x;
  float alpha = take_float(node, "alpha").value_or(1);
  if (alpha != 1) inner = TRY(m.emit("Mul", {x, m.number(static_cast<double>(alpha), dtype_or_float(m, x))}));
  ValueId gate = TRY(m.emit("Sigmoid", {inner}));
  node.op_type = "Mul";
  node.inputs = {x, gate};
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

Status dequantize_21(Mover& m, Node& node) {
  erase_default(node, "block_size", int64_t{0});
  erase_default(node, "output_dtype", static_cast<int64_t>(m.value(node.inputs[1]).dtype));
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
    ValueId part = TRY(m.emit("Mul", {cube, m.number(kernels::kGeluCubic, dtype)}));
    ValueId sum = TRY(m.emit("Add", {x, part}));
    inner = TRY(m.emit("Tanh", {TRY(m.emit("Mul", {sum, m.number(kernels::kSqrt2OverPi, dtype)}))}));
  } else {
    inner = TRY(m.emit("Erf", {TRY(m.emit("Mul", {x, m.number(kernels::kInvSqrt2, dtype)}))}));
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

// The sizes of `parts` parts of a length that only the run knows: that over `parts`, rounded up, and what is left.
Status split_computed(Mover& m, Node& node, int64_t parts, int64_t axis) {
  if (m.target() < 13) {
    return unsupported("the length that it splits is not known, and before opset 13 the sizes of its parts are fixed");
  }
  ValueId length =
      TRY(m.emit("Gather", {TRY(m.emit("Shape", {node.inputs[0]})), m.ints({axis})}, {{"axis", int64_t{0}}}));
  ValueId raised = TRY(m.emit("Add", {length, m.ints({parts - 1})}));
  ValueId part = TRY(m.emit("Div", {raised, m.ints({parts})}));
  ValueId before = TRY(m.emit("Mul", {part, m.ints({parts - 1})}));
  Values sizes(static_cast<size_t>(parts - 1), part);
  sizes.push_back(TRY(m.emit("Sub", {length, before})));
  set_input(node, 1, TRY(m.emit("Concat", sizes, {{"axis", int64_t{0}}})));
  return {};
}

// Without `split`, num_outputs equal parts, the last one smaller when they do not fit; before, parts had to be equal.
Status split_18(Mover& m, Node& node) {
  auto parts = static_cast<int64_t>(node.outputs.size());
  node.attributes.erase("num_outputs");
  if (node.has_input(1) || parts == 1) return {};
  const std::optional<Dims>& dims = m.value(node.inputs[0]).dims;
  int64_t axis = get_int(node, "axis").value_or(0);
  if (dims) {
    axis = TRY(normalize_axis(axis, static_cast<int64_t>(dims->size())));
    const Dim& dim = (*dims)[static_cast<size_t>(axis)];
    if (dim.known() && dim.size % parts == 0) return {};
    if (dim.known()) {
      int64_t part = (dim.size + parts - 1) / parts;
      Ints sizes(static_cast<size_t>(parts), part);
      sizes.back() = dim.size - part * (parts - 1);
      set_input(node, 1, m.ints(sizes));
      return {};
    }
  }
  return split_computed(m, node, parts, axis);
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

// `given`, one or two numbers for each axis of `axes`, as so many for each of `rank` axes.
Tensor for_all_axes(const Tensor& given, const Ints& axes, int64_t rank, const std::vector<double>& otherwise) {
  std::vector<double> values = given.to_doubles(), all;
  for (size_t part = 0; part < otherwise.size(); ++part) {
    std::vector<double> row(static_cast<size_t>(rank), otherwise[part]);
    for (size_t i = 0; i < axes.size(); ++i) row[static_cast<size_t>(axes[i])] = values[part * axes.size() + i];
    all.insert(all.end(), row.begin(), row.end());
  }
  return Tensor::of<double>({static_cast<int64_t>(all.size())}, all).cast(given.dtype());
}

// Sizes of some axes, with those of x for the others.
Result<ValueId> sizes_of_all(Mover& m, const Node& node, const Ints& axes, int64_t rank) {
  ValueId shape = TRY(m.emit("Shape", {node.inputs[0]}));
  Values parts;
  for (int64_t d = 0; d < rank; ++d) {
    auto at = std::find(axes.begin(), axes.end(), d);
    bool kept = at == axes.end();
    Attributes first = {{"axis", int64_t{0}}};
    parts.push_back(
        TRY(m.emit("Gather", {kept ? shape : node.inputs[3], m.ints({kept ? d : at - axes.begin()})}, first)));
  }
  return m.emit("Concat", parts, {{"axis", int64_t{0}}});
}

Status resize_18(Mover& m, Node& node) {
  erase_default(node, "antialias", int64_t{0});
  erase_default(node, "keep_aspect_ratio_policy", std::string("stretch"));
  std::optional<Ints> axes = take_ints(node, "axes");
  if (!axes) return {};
  int64_t rank = TRY(needed_rank(m, node.inputs[0], "spreading its sizes over all axes"));
  for (int64_t& axis : *axes) axis = TRY(normalize_axis(axis, rank));
  for (size_t i : {size_t{1}, size_t{2}}) {
    const Tensor* given = m.constant_input(node, i);
    if (node.has_input(i) && given == nullptr) return computed(m, i == 1 ? "roi" : "scales");
    if (given == nullptr || given->count() == 0) continue;
    std::vector<double> otherwise = i == 1 ? std::vector<double>{0, 1} : std::vector<double>{1};
    if (given->count() != static_cast<int64_t>(otherwise.size() * axes->size()))
      return invalid("as many numbers as axes were expected");
    node.inputs[i] = m.constant(for_all_axes(*given, *axes, rank, otherwise), "resize");
  }
  if (node.has_input(3)) node.inputs[3] = TRY(sizes_of_all(m, node, *axes, rank));
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
  ValueId mean = TRY(m.emit("ReduceMean", {x}, over));
  ValueId centred = TRY(m.emit("Sub", {x, mean}));
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

constexpr VersionRule kRules[] = {
    {"Swish", 24, swish_24},
    {"RMSNormalization", 23, rms_normalization_23, 2},
    {"QuantizeLinear", 21, quantize_21},
    {"DequantizeLinear", 21, dequantize_21, 2},
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
};

}  // namespace

std::span<const VersionRule> rules_24_to_14() { return kRules; }

}  // namespace slipway::downgrade
