// ONNX's arithmetic in TFLite: what is more than another name.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "convert/lowering.h"
#include "ops/infer.h"

namespace slipway::convert {

namespace {

// 1 / x
Status reciprocal(Lowering& l, const Node& node) {
  l.emit(node, "DIV", {l.scalar(1), l.input(node, 0)});
  return {};
}

// All inputs but the last, two at a time. Requires: there is more than one.
Result<ValueId> chained(Lowering& l, const Node& node, const char* op_type) {
  ValueId x = l.input(node, 0);
  Dims dims = TRY(l.dims(node.inputs[0]));
  for (size_t i = 1; i + 1 < node.inputs.size(); ++i) {
    dims = TRY(ops::broadcast_dims(dims, TRY(l.dims(node.inputs[i]))));
    x = l.between(op_type, {x, l.input(node, i)}, l.value(node.outputs[0]).dtype, dims);
  }
  return x;
}

Status chain(Lowering& l, const Node& node, const char* op_type) {
  if (node.inputs.size() == 1) return l.alias(node, l.input(node, 0)), Status();
  l.emit(node, op_type, {TRY(chained(l, node, op_type)), l.input(node, node.inputs.size() - 1)});
  return {};
}
Status sum(Lowering& l, const Node& node) { return chain(l, node, "ADD"); }

// Sum / count
Status mean(Lowering& l, const Node& node) {
  if (node.inputs.size() == 1) return l.alias(node, l.input(node, 0)), Status();
  ValueId total = l.between("ADD", {TRY(chained(l, node, "ADD")), l.input(node, node.inputs.size() - 1)}, DType::f32,
                            TRY(l.dims(node.outputs[0])));
  l.emit(node, "MUL", {total, l.scalar(1.f / static_cast<float>(node.inputs.size()))});
  return {};
}
Status maximum(Lowering& l, const Node& node) { return chain(l, node, "MAXIMUM"); }
Status minimum(Lowering& l, const Node& node) { return chain(l, node, "MINIMUM"); }

// TFLite's is over the last axis; another one is moved there and back.
Status along_last(Lowering& l, const Node& node, const char* op_type, Attributes attributes) {
  Dims dims = TRY(l.dims(node.outputs[0]));
  auto rank = static_cast<int64_t>(dims.size());
  int64_t axis = TRY(normalize_axis(node.integer("axis"), rank));
  ValueId x = l.input(node, 0);
  if (axis == rank - 1) return l.emit(node, op_type, {x}, std::move(attributes)), Status();
  std::vector<int64_t> swap(dims.size());
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[static_cast<size_t>(axis)], swap.back());
  std::swap(dims[static_cast<size_t>(axis)], dims.back());
  ValueId permutation = l.ints32(swap);
  x = l.between("TRANSPOSE", {x, permutation}, DType::f32, dims);
  x = l.between(op_type, {x}, DType::f32, dims, std::move(attributes));
  l.emit(node, "TRANSPOSE", {x, permutation});
  return {};
}
Status softmax(Lowering& l, const Node& node) { return along_last(l, node, "SOFTMAX", {{"beta", 1.f}}); }
Status log_softmax(Lowering& l, const Node& node) { return along_last(l, node, "LOG_SOFTMAX", {}); }

// Axes of a reduction; all when none are given.
Result<std::vector<int64_t>> axes_of(Lowering& l, const Node& node) {
  auto rank = static_cast<int64_t>(TRY(l.dims(node.inputs[0])).size());
  std::vector<int64_t> axes;
  if (node.has_input(1)) axes = TRY(l.ints(node, 1, "axes"));
  for (int64_t& axis : axes) axis = TRY(normalize_axis(axis, rank));
  if (axes.empty() && node.integer("noop_with_empty_axes") == 0) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  return axes;
}

Status reduce(Lowering& l, const Node& node, const char* op_type) {
  std::vector<int64_t> axes = TRY(axes_of(l, node));
  if (axes.empty()) return l.alias(node, l.input(node, 0)), Status();
  l.emit(node, op_type, {l.input(node, 0), l.ints32(axes)}, {{"keep_dims", node.integer("keepdims")}});
  return {};
}
Status reduce_mean(Lowering& l, const Node& node) { return reduce(l, node, "MEAN"); }
Status reduce_sum(Lowering& l, const Node& node) { return reduce(l, node, "SUM"); }
Status reduce_max(Lowering& l, const Node& node) { return reduce(l, node, "REDUCE_MAX"); }
Status reduce_min(Lowering& l, const Node& node) { return reduce(l, node, "REDUCE_MIN"); }
Status reduce_prod(Lowering& l, const Node& node) { return reduce(l, node, "REDUCE_PROD"); }

// outer(SUM(inner(x))), where `inner` is "MUL" by itself or an operator of one input.
Status reduce_between(Lowering& l, const Node& node, const char* inner, const char* outer) {
  std::vector<int64_t> axes = TRY(axes_of(l, node));
  if (axes.empty()) return unsupported("over no axes (noop_with_empty_axes)");
  ValueId x = l.input(node, 0);
  const Value& y = l.value(node.outputs[0]);
  if (y.dtype != DType::f32) return unsupported(fmt::format("{}; TFLite has it for float32", dtype_name(y.dtype)));
  bool square = std::string_view(inner) == "MUL";
  if (*inner != 0) x = l.between(inner, square ? Values{x, x} : Values{x}, y.dtype, TRY(l.dims(node.inputs[0])));
  Values inputs{x, l.ints32(axes)};
  Attributes attributes{{"keep_dims", node.integer("keepdims")}};
  if (*outer == 0) return l.emit(node, "SUM", std::move(inputs), std::move(attributes)), Status();
  ValueId total = l.between("SUM", std::move(inputs), y.dtype, TRY(l.dims(node.outputs[0])), std::move(attributes));
  l.emit(node, outer, {total});
  return {};
}
Status reduce_l1(Lowering& l, const Node& node) { return reduce_between(l, node, "ABS", ""); }
Status reduce_l2(Lowering& l, const Node& node) { return reduce_between(l, node, "MUL", "SQRT"); }
Status reduce_log_sum(Lowering& l, const Node& node) { return reduce_between(l, node, "", "LOG"); }
Status reduce_sum_square(Lowering& l, const Node& node) { return reduce_between(l, node, "MUL", ""); }

// max + log(sum(exp(x - max))), which does not overflow.
Status reduce_log_sum_exp(Lowering& l, const Node& node) {
  std::vector<int64_t> axes = TRY(axes_of(l, node));
  const Value& y = l.value(node.outputs[0]);
  if (axes.empty() || y.dtype != DType::f32) return unsupported("over no axes, or not of float32");
  Dims dims = TRY(l.dims(node.inputs[0]));
  Dims kept = dims;
  for (int64_t axis : axes) kept[static_cast<size_t>(axis)] = 1;
  Dims out = TRY(l.dims(node.outputs[0]));
  ValueId x = l.input(node, 0);
  ValueId over = l.ints32(axes);
  Attributes as_wanted{{"keep_dims", node.integer("keepdims")}};
  ValueId largest = l.between("REDUCE_MAX", {x, over}, DType::f32, kept, {{"keep_dims", int64_t{1}}});
  ValueId shifted = l.between("EXP", {l.between("SUB", {x, largest}, DType::f32, dims)}, DType::f32, dims);
  ValueId total = l.between("SUM", {shifted, over}, DType::f32, out, as_wanted);
  ValueId logarithm = l.between("LOG", {total}, DType::f32, out);
  if (node.integer("keepdims") == 0) largest = l.between("REDUCE_MAX", {x, over}, DType::f32, out, as_wanted);
  l.emit(node, "ADD", {logarithm, largest});
  return {};
}

// TFLite drops the axis; keeping it is a RESHAPE.
Status arg(Lowering& l, const Node& node, const char* op_type) {
  if (node.integer("select_last_index") != 0) return unsupported("select_last_index; TFLite takes the first");
  Dims in = TRY(l.dims(node.inputs[0]));
  int64_t axis = TRY(normalize_axis(node.integer("axis"), static_cast<int64_t>(in.size())));
  Values inputs{l.input(node, 0), l.int32(axis)};
  Attributes attributes{{"output_type", std::string("INT64")}};
  if (node.integer("keepdims") == 0) return l.emit(node, op_type, std::move(inputs), std::move(attributes)), Status();
  in.erase(in.begin() + axis);
  ValueId y = l.between(op_type, std::move(inputs), DType::i64, in, std::move(attributes));
  l.emit(node, "EXPAND_DIMS", {y, l.int32(axis)});
  return {};
}
Status arg_max(Lowering& l, const Node& node) { return arg(l, node, "ARG_MAX"); }
Status arg_min(Lowering& l, const Node& node) { return arg(l, node, "ARG_MIN"); }

Status matmul(Lowering& l, const Node& node) {
  Dims a = TRY(l.dims(node.inputs[0]));
  Dims b = TRY(l.dims(node.inputs[1]));
  if (a.size() < 2 || b.size() < 2) return unsupported("a vector as a factor; reshape it to a matrix");
  l.emit(node, "BATCH_MATMUL", {l.input(node, 0), l.input(node, 1)}, {{"adj_x", int64_t{0}}, {"adj_y", int64_t{0}}});
  return {};
}

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, over the axes from `axis` on.
Status layer_normalization(Lowering& l, const Node& node) {
  if (node.has_output(1) || node.has_output(2)) return unsupported("its statistics as outputs have no form in TFLite");
  Dims dims = TRY(l.dims(node.inputs[0]));
  auto rank = static_cast<int64_t>(dims.size());
  int64_t axis = TRY(normalize_axis(node.integer("axis"), rank));
  std::vector<int64_t> axes;
  Dims kept = dims;
  for (int64_t a = axis; a < rank; ++a) {
    axes.push_back(a);
    kept[static_cast<size_t>(a)] = 1;
  }
  Attributes keep{{"keep_dims", int64_t{1}}};
  ValueId x = l.input(node, 0);
  ValueId over = l.ints32(axes);
  ValueId mean = l.between("MEAN", {x, over}, DType::f32, kept, keep);
  ValueId centred = l.between("SUB", {x, mean}, DType::f32, dims);
  ValueId squares = l.between("MUL", {centred, centred}, DType::f32, dims);
  ValueId variance = l.between("MEAN", {squares, over}, DType::f32, kept, keep);
  ValueId shifted = l.between("ADD", {variance, l.scalar(node.real("epsilon"))}, DType::f32, kept);
  ValueId inverse = l.between("RSQRT", {shifted}, DType::f32, kept);
  ValueId normal = l.between("MUL", {centred, inverse}, DType::f32, dims);
  if (!node.has_input(2)) return l.emit(node, "MUL", {normal, l.input(node, 1)}), Status();
  ValueId scaled = l.between("MUL", {normal, l.input(node, 1)}, DType::f32, dims);
  l.emit(node, "ADD", {scaled, l.input(node, 2)});
  return {};
}

Result<std::string> type_name(DType dtype) {
  switch (dtype) {
    case DType::f32: return std::string("FLOAT32");
    case DType::i32: return std::string("INT32");
    case DType::i64: return std::string("INT64");
    case DType::i8: return std::string("INT8");
    case DType::u8: return std::string("UINT8");
    case DType::i16: return std::string("INT16");
    case DType::boolean: return std::string("BOOL");
    default: return unsupported(fmt::format("TFLite does not cast {}", dtype_name(dtype)));
  }
}

// Both of one type; whole numbers only to constant powers of 0 and more.
Status power(Lowering& l, const Node& node) {
  DType dtype = l.value(node.inputs[0]).dtype;
  const Value& exponent = l.value(node.inputs[1]);
  if (is_integer(dtype)) {
    std::vector<double> given = exponent.data.defined() ? exponent.data.to_doubles() : std::vector<double>{-1};
    bool fits = std::all_of(given.begin(), given.end(), [](double e) { return e >= 0 && e == std::floor(e); });
    if (!fits) return unsupported("whole numbers to powers that may be negative or have fractions");
  }
  ValueId power = l.input(node, 1);
  if (exponent.dtype != dtype && exponent.data.defined()) {
    power = l.constant(exponent.name, exponent.data.cast(dtype));
  } else if (exponent.dtype != dtype) {
    std::string from = TRY(type_name(exponent.dtype));
    std::string to = TRY(type_name(dtype));
    Attributes types{{"in_data_type", from}, {"out_data_type", to}};
    power = l.between("CAST", {power}, dtype, TRY(l.dims(node.inputs[1])), std::move(types));
  }
  l.emit(node, "POW", {l.input(node, 0), power});
  return {};
}

Status cast(Lowering& l, const Node& node) {
  std::string from = TRY(type_name(l.value(node.inputs[0]).dtype));
  std::string to = TRY(type_name(l.value(node.outputs[0]).dtype));
  l.emit(node, "CAST", {l.input(node, 0)}, {{"in_data_type", from}, {"out_data_type", to}});
  return {};
}

Status exclusive_or(Lowering& l, const Node& node) {
  l.emit(node, "NOT_EQUAL", {l.input(node, 0), l.input(node, 1)});
  return {};
}

constexpr LowerRule kRules[] = {
    {"ArgMax", arg_max},
    {"ArgMin", arg_min},
    {"Cast", cast},
    {"CastLike", cast},
    {"LayerNormalization", layer_normalization},
    {"LogSoftmax", log_softmax},
    {"MatMul", matmul},
    {"Max", maximum},
    {"Mean", mean},
    {"Min", minimum},
    {"Pow", power},
    {"Reciprocal", reciprocal},
    {"ReduceL1", reduce_l1},
    {"ReduceL2", reduce_l2},
    {"ReduceLogSum", reduce_log_sum},
    {"ReduceLogSumExp", reduce_log_sum_exp},
    {"ReduceMax", reduce_max},
    {"ReduceMean", reduce_mean},
    {"ReduceMin", reduce_min},
    {"ReduceProd", reduce_prod},
    {"ReduceSum", reduce_sum},
    {"ReduceSumSquare", reduce_sum_square},
    {"Softmax", softmax},
    {"Sum", sum},
    {"Xor", exclusive_or},
};

}  // namespace

std::span<const LowerRule> lower_arithmetic_rules() { return kRules; }

}  // namespace slipway::convert
