// The changes from opset to opset, upwards. Each function names what changed; onnx/docs/Changelog.md is the source.
#include "formats/onnx_upgrade.h"

#include <algorithm>

#include <fmt/format.h>

#include "graph/captures.h"
#include "ops/all.h"
#include "tensor/dtype.h"

namespace slipway {

namespace {

using Mover = VersionMover;

DType dtype_or_float(const Mover& m, ValueId id) {
  DType dtype = id.valid() ? m.value(id).dtype : DType::undefined;
  return dtype == DType::undefined || dtype == DType::string ? DType::f32 : dtype;
}

Status rank_unknown(const char* why) {
  return unsupported(
      fmt::format("the rank of its input is unknown, and {}; run ONNX shape inference on the model, or "
                  "save it with a newer opset",
                  why));
}

// -- One attribute becomes one int64 input -------------------------------------------------------------------------

Status attribute_to_input(Mover& m, Node& node, const char* name, size_t input) {
  std::optional<std::vector<int64_t>> values = take_ints(node, name);
  if (values) set_input(node, input, m.ints(*values));
  return {};
}

Status axes_to_input(Mover& m, Node& node) { return attribute_to_input(m, node, "axes", 1); }

// -- Opset 2 to 6 --------------------------------------------------------------------------------------------------

Status pad_2(Mover&, Node& node) {
  if (auto pads = take_ints(node, "paddings")) node.attributes.set("pads", *pads);
  return {};
}

Status lp_pool_2(Mover&, Node& node) {
  if (auto p = take_float(node, "p")) node.attributes.set("p", static_cast<int64_t>(*p));
  return {};
}

Status split_2(Mover& m, Node& node) {
  if (!node.has_input(1)) return {};
  const Tensor* sizes = m.constant_input(node, 1);
  if (sizes == nullptr || !is_integer(sizes->dtype())) return unsupported("its sizes are computed in the model");
  node.attributes.set("split", sizes->to_ints());
  drop_inputs(node, 1);
  return {};
}

Status concat_4(Mover&, Node& node) {
  if (!node.has("axis")) node.attributes.set("axis", int64_t{1});
  return {};
}

Status reshape_5(Mover& m, Node& node) { return attribute_to_input(m, node, "shape", 1); }

Status cast_6(Mover&, Node& node) {
  constexpr std::pair<const char*, DType> kNames[] = {
      {"FLOAT", DType::f32},    {"UINT8", DType::u8},    {"INT8", DType::i8},    {"UINT16", DType::u16},
      {"INT16", DType::i16},    {"INT32", DType::i32},   {"INT64", DType::i64},  {"STRING", DType::string},
      {"BOOL", DType::boolean}, {"FLOAT16", DType::f16}, {"DOUBLE", DType::f64}, {"UINT32", DType::u32},
      {"UINT64", DType::u64}};
  std::string to = take_string(node, "to").value_or("");
  for (const auto& [name, dtype] : kNames) {
    if (to == name) node.attributes.set("to", static_cast<int64_t>(dtype));
  }
  if (!node.has("to")) return unsupported(fmt::format("it casts to \"{}\"", to));
  return {};
}

Status selu_6(Mover&, Node& node) {
  if (!node.has("alpha")) node.attributes.set("alpha", 1.6732f);
  if (!node.has("gamma")) node.attributes.set("gamma", 1.0507f);
  return {};
}

Status tile_6(Mover&, Node&) {
  return unsupported("Tile of opset 1 takes `tiles` and `axis`; save with opset 6 or newer");
}

// -- Opset 7: NumPy broadcasting -----------------------------------------------------------------------------------

// B of [C] against A of [N, C, H, W] with axis = 1 becomes [C, 1, 1].
Status broadcast_7(Mover& m, Node& node) {
  bool broadcast = take_int(node, "broadcast").value_or(0) != 0;
  std::optional<int64_t> axis = take_int(node, "axis");
  if (!broadcast || !axis || !node.has_input(1)) return {};
  std::optional<int64_t> rank_a = m.rank(node.inputs[0]);
  std::optional<int64_t> rank_b = m.rank(node.inputs[1]);
  if (!rank_a || !rank_b) return rank_unknown("`axis` of the old broadcasting counts from its front");
  std::vector<int64_t> axes;
  for (int64_t i = *rank_b; i < *rank_a - (*axis < 0 ? *axis + *rank_a : *axis); ++i) axes.push_back(i);
  if (axes.empty()) return {};
  node.inputs[1] = TRY(m.emit("Unsqueeze", {node.inputs[1]}, {{"axes", axes}}));
  return {};
}

Status gemm_7(Mover&, Node& node) {
  node.attributes.erase("broadcast");
  return {};
}

// A slope of [C] against x of [N, C, H, W] becomes [C, 1, 1].
Status prelu_7(Mover& m, Node& node) {
  if (!node.has_input(1) || m.rank(node.inputs[1]) != 1) return {};
  std::optional<int64_t> rank = m.rank(node.inputs[0]);
  if (!rank) return rank_unknown("its slope belongs to dimension 1");
  std::vector<int64_t> axes;
  for (int64_t i = 1; i < *rank - 1; ++i) axes.push_back(i);
  bool single = m.value(node.inputs[1]).dims->front().known() && m.value(node.inputs[1]).dims->front().size == 1;
  if (axes.empty() || single) return {};
  node.inputs[1] = TRY(m.emit("Unsqueeze", {node.inputs[1]}, {{"axes", axes}}));
  return {};
}

Status is_test_7(Mover&, Node& node) {
  node.attributes.erase("is_test");
  return {};
}

Status recurrent_7(Mover&, Node& node) {
  node.attributes.erase("output_sequence");
  return {};
}

Status upsample_7(Mover&, Node& node) {
  float height = take_float(node, "height_scale").value_or(1);
  float width = take_float(node, "width_scale").value_or(1);
  node.attributes.set("scales", std::vector<float>{1, 1, height, width});
  if (take_string(node, "mode").value_or("nearest") == "bilinear") node.attributes.set("mode", std::string("linear"));
  return {};
}

// -- Opset 9 and 10 ------------------------------------------------------------------------------------------------

// y = scale * (x - mean) / sqrt(variance + epsilon) + bias, with parameters per activation instead of per channel.
Status batch_normalization_9(Mover& m, Node& node) {
  if (take_int(node, "spatial").value_or(1) != 0) return {};
  if (node.outputs.size() > 1) {
    return unsupported("spatial = 0 in training mode; export the model for inference");
  }
  ValueId epsilon = m.number(take_float(node, "epsilon").value_or(1e-5f), dtype_or_float(m, node.inputs[0]));
  ValueId deviation = TRY(m.emit("Sqrt", {TRY(m.emit("Add", {node.inputs[4], epsilon}))}));
  ValueId centred = TRY(m.emit("Sub", {node.inputs[0], node.inputs[3]}));
  ValueId normal = TRY(m.emit("Div", {centred, deviation}));
  ValueId scaled = TRY(m.emit("Mul", {normal, node.inputs[1]}));
  ValueId bias = node.inputs[2];
  node.op_type = "Add";
  node.inputs = {scaled, bias};
  node.attributes = {};
  return {};
}

Status upsample_9(Mover& m, Node& node) {
  std::optional<std::vector<float>> scales = take_floats(node, "scales");
  if (!scales) return invalid("attribute \"scales\" is missing");
  auto count = static_cast<int64_t>(scales->size());
  set_input(node, 1, m.constant(Tensor::of<float>({count}, *scales), "scales"));
  return {};
}

// A batch dimension came before everything: a Scan over it, without states, around a Scan of one example.
Status scan_9(Mover& m, Node& node) {
  if (node.has_input(0)) return unsupported("sequence_lens has no form since opset 9; save with opset 9 or newer");
  if (node.inputs.empty() || node.graph("body") == nullptr) return invalid("has no inputs or no body");
  node.inputs.erase(node.inputs.begin());
  size_t captures = captured_inputs(node);
  auto example = std::make_shared<Graph>();
  example->name = "example";
  Node inner = node;
  inner.op = all_operators().find("Scan");
  if (auto directions = take_ints(inner, "directions")) inner.attributes.set("scan_input_directions", *directions);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Value& value = m.value(node.inputs[i]);
    std::optional<Dims> dims = value.dims;
    bool sliced = i < node.inputs.size() - captures;
    if (sliced && dims && !dims->empty()) dims->erase(dims->begin());
    inner.inputs[i] = example->add_input(value.name, value.dtype, dims);
  }
  for (ValueId& out : inner.outputs) {
    out = example->add_value(out.valid() ? m.value(out).name : "unused");
    example->outputs.push_back(out);
  }
  example->captures = static_cast<int>(captures);
  example->add_node(std::move(inner));
  node.attributes = {{"num_scan_inputs", static_cast<int64_t>(node.inputs.size() - captures)},
                     {"body", std::shared_ptr<const Graph>(std::move(example))}};
  return {};
}

Status slice_10(Mover& m, Node& node) {
  RETURN_IF_ERROR(attribute_to_input(m, node, "starts", 1));
  RETURN_IF_ERROR(attribute_to_input(m, node, "ends", 2));
  return attribute_to_input(m, node, "axes", 3);
}

Status top_k_10(Mover& m, Node& node) {
  if (auto k = take_int(node, "k")) set_input(node, 1, m.ints({*k}));
  return {};
}

// The mask had the type of the data; it is boolean since.
Status dropout_10(Mover& m, Node& node) {
  if (!node.has_output(1)) return {};
  Node inner = node;
  inner.outputs[1] = m.graph().add_value(m.graph().fresh_name(m.value(node.outputs[1]).name + "/bool"));
  node.op_type = "Cast";
  node.inputs = {inner.outputs[1]};
  node.outputs = {node.outputs[1]};
  node.attributes = {{"to", static_cast<int64_t>(dtype_or_float(m, inner.inputs[0]))}};
  return m.emit_node(std::move(inner));
}

Status upsample_10(Mover&, Node& node) {
  node.op_type = "Resize";
  return {};
}

// -- Opset 11 and 12 -----------------------------------------------------------------------------------------------

// Resize of opset 10 samples at x / scale. Nearest rounds down along what grows and up along what shrinks
// (resize_downsample_nearest of ONNX 1.5), which are two nodes where both may be.
Status resize_11(Mover& m, Node& node) {
  const Attributes grows = {{"coordinate_transformation_mode", std::string("asymmetric")},
                            {"nearest_mode", std::string("floor")}};
  for (const auto& [name, value] : grows.items()) node.attributes.set(name, value);
  if (node.inputs.size() < 2) return {};
  node.inputs.insert(node.inputs.begin() + 1, ValueId{});
  if (get_string(node, "mode").value_or("nearest") != "nearest") return {};
  bool up = true, down = true;
  if (const Tensor* scales = m.constant_input(node, 2)) {
    const std::vector<double> factors = scales->to_doubles();
    up = std::ranges::any_of(factors, [](double factor) { return factor > 1; });
    down = std::ranges::any_of(factors, [](double factor) { return factor < 1; });
  }
  if (!down) return {};
  if (up) {
    const ValueId one = m.constant(Tensor::of<float>({1}, {1}), "one"), scales = node.inputs[2];
    const ValueId grown = TRY(m.emit("Max", {scales, one}));
    node.inputs[0] = TRY(m.emit("Resize", {node.inputs[0], {}, grown}, grows));
    node.inputs[2] = TRY(m.emit("Min", {scales, one}));
  }
  node.attributes.set("nearest_mode", std::string("ceil"));
  return {};
}

Status clip_11(Mover& m, Node& node) {
  DType dtype = dtype_or_float(m, node.inputs[0]);
  if (auto low = take_float(node, "min")) set_input(node, 1, m.number(*low, dtype));
  if (auto high = take_float(node, "max")) set_input(node, 2, m.number(*high, dtype));
  return {};
}

Status pad_11(Mover& m, Node& node) {
  RETURN_IF_ERROR(attribute_to_input(m, node, "pads", 1));
  if (auto value = take_float(node, "value")) set_input(node, 2, m.number(*value, dtype_or_float(m, node.inputs[0])));
  return {};
}

Status scatter_11(Mover&, Node& node) {
  node.op_type = "ScatterElements";
  return {};
}

Status dropout_12(Mover& m, Node& node) {
  if (auto ratio = take_float(node, "ratio")) set_input(node, 1, m.number(*ratio, DType::f32));
  return {};
}

// -- Opset 13 and 14 -----------------------------------------------------------------------------------------------

// Softmax, LogSoftmax and Hardmax worked on the input flattened to [product before axis, product from axis].
Status softmax_13(Mover& m, Node& node) {
  int64_t axis = take_int(node, "axis").value_or(1);
  std::optional<int64_t> rank = m.rank(node.inputs[0]);
  if (axis == -1 || (rank && axis == *rank - 1)) {
    node.attributes.set("axis", int64_t{-1});
    return {};
  }
  ValueId x = node.inputs[0];
  std::optional<Shape> known = m.value(x).dims ? known_shape(*m.value(x).dims) : std::nullopt;
  ValueId shape = known ? m.ints(*known) : TRY(m.emit("Shape", {x}));
  ValueId rows = TRY(m.emit("Flatten", {x}, {{"axis", axis}}));
  ValueId y = TRY(m.emit(node.op_type, {rows}, {{"axis", int64_t{-1}}}));
  node.op_type = "Reshape";
  node.inputs = {y, shape};
  return {};
}

Status split_13(Mover& m, Node& node) { return attribute_to_input(m, node, "split", 1); }

// Empty tensors stood for omitted inputs.
Status resize_13(Mover& m, Node& node) {
  for (size_t i = 1; i < node.inputs.size() && i < 3; ++i) {
    const Tensor* contents = m.constant_input(node, i);
    if (contents != nullptr && contents->count() == 0) node.inputs[i] = ValueId{};
  }
  return {};
}

// Training mode was told from the number of outputs; saved_mean and saved_var are gone.
Status batch_normalization_14(Mover&, Node& node) {
  bool training = node.has_output(1) || node.has_output(2);
  if (training) node.attributes.set("training_mode", int64_t{1});
  if (node.outputs.size() > 3) node.outputs.resize(3);
  return {};
}

// -- Opset 16 to 21 ------------------------------------------------------------------------------------------------

Status roi_align_16(Mover&, Node& node) {
  node.attributes.set("coordinate_transformation_mode", std::string("output_half_pixel"));
  return {};
}

Status split_18(Mover&, Node& node) {
  if (!node.has_input(1)) node.attributes.set("num_outputs", static_cast<int64_t>(node.outputs.size()));
  return {};
}

Status dft_20(Mover& m, Node& node) {
  int64_t axis = take_int(node, "axis").value_or(1);
  set_input(node, 2, m.constant(Tensor::scalar<int64_t>(axis), "axis"));
  return {};
}

Status grid_sample_20(Mover&, Node& node) {
  std::string mode = take_string(node, "mode").value_or("bilinear");
  node.attributes.set("mode", mode == "bilinear" ? std::string("linear") : mode == "bicubic" ? "cubic" : mode);
  return {};
}

// Scale and bias were one per group; since, one per channel.
Status group_normalization_21(Mover& m, Node& node) {
  const std::optional<Dims>& dims = m.value(node.inputs[0]).dims;
  std::optional<int64_t> groups = get_int(node, "num_groups");
  if (!groups || *groups <= 0) {
    return invalid("expected attribute \"num_groups\" > 0");
  }
  if (!dims || dims->size() < 2 || !(*dims)[1].known()) return rank_unknown("its scale is repeated over channels");
  int64_t channels = (*dims)[1].size;
  ValueId pairs = m.ints({*groups, channels / *groups});
  for (size_t i = 1; i < 3; ++i) {
    ValueId column = TRY(m.emit("Reshape", {node.inputs[i], m.ints({*groups, 1})}));
    ValueId wide = TRY(m.emit("Expand", {column, pairs}));
    node.inputs[i] = TRY(m.emit("Reshape", {wide, m.ints({channels})}));
  }
  return {};
}

constexpr VersionRule kRules[] = {
    {"Pad", 2, pad_2},
    {"LpPool", 2, lp_pool_2},
    {"GlobalLpPool", 2, lp_pool_2},
    {"Split", 2, split_2},
    {"Concat", 4, concat_4},
    {"Reshape", 5, reshape_5},
    {"Cast", 6, cast_6},
    {"Selu", 6, selu_6},
    {"Tile", 6, tile_6},
    {"Add", 7, broadcast_7},
    {"Sub", 7, broadcast_7},
    {"Mul", 7, broadcast_7},
    {"Div", 7, broadcast_7},
    {"Pow", 7, broadcast_7},
    {"And", 7, broadcast_7},
    {"Or", 7, broadcast_7},
    {"Xor", 7, broadcast_7},
    {"Equal", 7, broadcast_7},
    {"Greater", 7, broadcast_7},
    {"Less", 7, broadcast_7},
    {"Gemm", 7, gemm_7},
    {"PRelu", 7, prelu_7},
    {"BatchNormalization", 7, is_test_7},
    {"Dropout", 7, is_test_7},
    {"RNN", 7, recurrent_7},
    {"GRU", 7, recurrent_7},
    {"LSTM", 7, recurrent_7},
    {"Upsample", 7, upsample_7},
    {"BatchNormalization", 9, batch_normalization_9, 5},
    {"Upsample", 9, upsample_9},
    {"Scan", 9, scan_9, 0},
    {"Slice", 10, slice_10},
    {"TopK", 10, top_k_10},
    {"Dropout", 10, dropout_10},
    {"Upsample", 10, upsample_10},
    {"Resize", 11, resize_11},
    {"Clip", 11, clip_11},
    {"Pad", 11, pad_11},
    {"Scatter", 11, scatter_11},
    {"Dropout", 12, dropout_12},
    {"Softmax", 13, softmax_13},
    {"LogSoftmax", 13, softmax_13},
    {"Hardmax", 13, softmax_13},
    {"Squeeze", 13, axes_to_input},
    {"Unsqueeze", 13, axes_to_input},
    {"ReduceSum", 13, axes_to_input},
    {"Split", 13, split_13},
    {"Resize", 13, resize_13},
    {"BatchNormalization", 14, batch_normalization_14},
    {"RoiAlign", 16, roi_align_16},
    {"ReduceL1", 18, axes_to_input},
    {"ReduceL2", 18, axes_to_input},
    {"ReduceLogSum", 18, axes_to_input},
    {"ReduceLogSumExp", 18, axes_to_input},
    {"ReduceMax", 18, axes_to_input},
    {"ReduceMean", 18, axes_to_input},
    {"ReduceMin", 18, axes_to_input},
    {"ReduceProd", 18, axes_to_input},
    {"ReduceSumSquare", 18, axes_to_input},
    {"Split", 18, split_18},
    {"DFT", 20, dft_20},
    {"GridSample", 20, grid_sample_20},
    {"GroupNormalization", 21, group_normalization_21, 3},
};

}  // namespace

std::span<const VersionRule> upgrade_rules() { return kRules; }

}  // namespace slipway
