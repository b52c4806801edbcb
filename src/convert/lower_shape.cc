// ONNX's operators that move elements, in TFLite.
#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "convert/lowering.h"

namespace slipway::convert {

namespace {

// To the shape that inference found, or to one that the model computes.
Status reshape(Lowering& l, const Node& node) {
  Result<std::vector<int64_t>> target = reshape_target(TRY(l.dims(node.outputs[0])));
  const bool computed = node.has_input(1) && !l.from().is_constant(node.inputs[1]);
  if (!target.ok() && computed) {
    ValueId shape = l.between("CAST", {l.input(node, 1)}, DType::i32, TRY(l.dims(node.inputs[1])),
                              {{"in_data_type", std::string("INT64")}, {"out_data_type", std::string("INT32")}});
    l.emit(node, "RESHAPE", {l.input(node, 0), shape});
    return {};
  }
  std::vector<int64_t> shape = TRY(std::move(target));
  l.emit(node, "RESHAPE", {l.input(node, 0), l.ints32(shape)}, {{"new_shape", shape}});
  return {};
}

Status identity(Lowering& l, const Node& node) {
  l.alias(node, l.input(node, 0));
  return {};
}

// Nothing outside training.
Status dropout(Lowering& l, const Node& node) {
  if (node.has_output(1)) return unsupported("its mask output has no form in TFLite");
  if (TRY(l.number(node, 2, 0, "training_mode")) != 0) return unsupported("it drops (training_mode)");
  l.alias(node, l.input(node, 0));
  return {};
}

Status constant(Lowering& l, const Node& node) {
  if (!node.has("value")) return unsupported("a constant that is no dense tensor; fold it first");
  l.alias(node, l.constant(l.value(node.outputs[0]).name, node.tensor("value")));
  return {};
}

Status squeeze(Lowering& l, const Node& node) {
  auto rank = static_cast<int64_t>(TRY(l.dims(node.inputs[0])).size());
  if (!node.has_input(1)) return reshape(l, node);
  std::vector<int64_t> axes = TRY(l.ints(node, 1, "axes"));
  for (int64_t& axis : axes) axis = TRY(normalize_axis(axis, rank));
  l.emit(node, "SQUEEZE", {l.input(node, 0)}, {{"squeeze_dims", axes}});
  return {};
}

Status unsqueeze(Lowering& l, const Node& node) {
  std::vector<int64_t> axes = TRY(l.ints(node, 1, "axes"));
  if (axes.size() != 1) return reshape(l, node);
  auto rank = static_cast<int64_t>(TRY(l.dims(node.outputs[0])).size());
  int64_t axis = TRY(normalize_axis(axes[0], rank));
  l.emit(node, "EXPAND_DIMS", {l.input(node, 0), l.int32(axis)});
  return {};
}

Status transpose(Lowering& l, const Node& node) {
  std::vector<int64_t> permutation = node.ints("perm");
  if (permutation.empty()) {
    permutation.resize(TRY(l.dims(node.inputs[0])).size());
    std::iota(permutation.rbegin(), permutation.rend(), 0);
  }
  l.emit(node, "TRANSPOSE", {l.input(node, 0), l.ints32(permutation)});
  return {};
}

Result<int64_t> axis_of(Lowering& l, const Node& node) {
  return normalize_axis(node.integer("axis"), static_cast<int64_t>(TRY(l.dims(node.inputs[0])).size()));
}

Status concat(Lowering& l, const Node& node) {
  Values inputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(l.input(node, i));
  int64_t axis = TRY(axis_of(l, node));
  l.emit(node, "CONCATENATION", std::move(inputs), {{"axis", axis}});
  return {};
}

// Equal parts have an operator of their own.
Status split(Lowering& l, const Node& node) {
  int64_t axis = TRY(axis_of(l, node));
  std::vector<int64_t> sizes;
  for (ValueId out : node.outputs) {
    const Dim dim = TRY(l.dims(out))[static_cast<size_t>(axis)];
    if (!dim.known()) return unsupported("the sizes of its parts are not known");
    sizes.push_back(dim.size);
  }
  Attributes attributes{{"num_splits", static_cast<int64_t>(sizes.size())}};
  bool equal = std::all_of(sizes.begin(), sizes.end(), [&](int64_t s) { return s == sizes[0]; });
  if (equal && l.value(node.inputs[0]).dtype != DType::i64) {
    l.emit(node, "SPLIT", {l.int32(axis), l.input(node, 0)}, std::move(attributes));
  } else {
    l.emit(node, "SPLIT_V", {l.input(node, 0), l.ints32(sizes), l.int32(axis)}, std::move(attributes));
  }
  return {};
}

// A begin or end beyond 32 bits is a mask: that side's border.
Status slice(Lowering& l, const Node& node) {
  size_t rank = TRY(l.dims(node.inputs[0])).size();
  std::vector<int64_t> starts = TRY(l.ints(node, 1, "starts"));
  std::vector<int64_t> ends = TRY(l.ints(node, 2, "ends"));
  std::vector<int64_t> axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has_input(3)) axes = TRY(l.ints(node, 3, "axes"));
  std::vector<int64_t> steps(starts.size(), 1);
  if (node.has_input(4)) steps = TRY(l.ints(node, 4, "steps"));
  std::vector<int64_t> begin(rank, 0), end(rank, 0), strides(rank, 1);
  int64_t begin_mask = (int64_t{1} << rank) - 1;
  int64_t end_mask = begin_mask;
  constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
  for (size_t i = 0; i < axes.size(); ++i) {
    auto a = static_cast<size_t>(TRY(normalize_axis(axes[i], static_cast<int64_t>(rank))));
    strides[a] = steps[i];
    if (starts[i] > -kFar && starts[i] < kFar) {
      begin[a] = starts[i];
      begin_mask &= ~(int64_t{1} << a);
    }
    if (ends[i] > -kFar && ends[i] < kFar) {
      end[a] = ends[i];
      end_mask &= ~(int64_t{1} << a);
    }
  }
  l.emit(node, "STRIDED_SLICE", {l.input(node, 0), l.ints32(begin), l.ints32(end), l.ints32(strides)},
         {{"begin_mask", begin_mask}, {"end_mask", end_mask}});
  return {};
}

// index < 0 ? index + size : index, for indices that the model computes.
Result<ValueId> from_start(Lowering& l, const Node& node, int64_t axis) {
  const Value& given = l.value(node.inputs[1]);
  Dims dims = TRY(l.dims(node.inputs[1]));
  const Dim size = TRY(l.dims(node.inputs[0]))[static_cast<size_t>(axis)];
  ValueId indices = l.input(node, 1);
  ValueId length;
  if (size.known()) {
    length = l.constant("size", Tensor::scalar(size.size).cast(given.dtype));
  } else {
    auto rank = static_cast<int64_t>(TRY(l.dims(node.inputs[0])).size());
    std::string type = given.dtype == DType::i64 ? "INT64" : "INT32";
    ValueId shape = l.between("SHAPE", {l.input(node, 0)}, given.dtype, {rank}, {{"out_type", type}});
    length = l.between("GATHER", {shape, l.int32(axis)}, given.dtype, {}, {{"axis", int64_t{0}}});
  }
  ValueId moved = l.between("ADD", {indices, length}, given.dtype, dims);
  ValueId zero = l.constant("zero", Tensor::scalar(int64_t{0}).cast(given.dtype));
  ValueId negative = l.between("LESS", {indices, zero}, DType::boolean, dims);
  return l.between("SELECT_V2", {negative, moved, indices}, given.dtype, dims);
}

// TFLite has no indices from the end; they are counted from the start here.
Status gather(Lowering& l, const Node& node) {
  int64_t axis = TRY(axis_of(l, node));
  ValueId indices = l.input(node, 1);
  const Value& given = l.value(node.inputs[1]);
  if (given.data.defined()) {
    std::vector<int64_t> values = given.data.to_ints();
    const Dim size = TRY(l.dims(node.inputs[0]))[static_cast<size_t>(axis)];
    for (int64_t& v : values) {
      if (v < 0 && !size.known()) return unsupported("an index from the end of a dimension of unknown size");
      if (v < 0) v += size.size;
    }
    indices = l.constant(given.name, Tensor::of<int64_t>(given.data.shape(), values).cast(DType::i32));
  } else {
    indices = TRY(from_start(l, node, axis));
  }
  l.emit(node, "GATHER", {l.input(node, 0), indices}, {{"axis", axis}});
  return {};
}

Status pad(Lowering& l, const Node& node) {
  size_t rank = TRY(l.dims(node.inputs[0])).size();
  std::vector<int64_t> pads = TRY(l.ints(node, 1, "pads"));
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has_input(3)) axes = TRY(l.ints(node, 3, "axes"));
  if (pads.size() != 2 * axes.size()) return invalid(fmt::format("{} pads for {} axes", pads.size(), axes.size()));
  std::vector<int64_t> pairs(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    auto a = static_cast<size_t>(TRY(normalize_axis(axes[i], static_cast<int64_t>(rank))));
    pairs[2 * a] = pads[i];
    pairs[2 * a + 1] = pads[i + axes.size()];
  }
  if (std::any_of(pairs.begin(), pairs.end(), [](int64_t p) { return p < 0; })) {
    return unsupported("a negative pad; slice instead");
  }
  ValueId paddings =
      l.constant("paddings", Tensor::of<int64_t>({static_cast<int64_t>(rank), 2}, pairs).cast(DType::i32));
  std::string mode = node.text("mode");
  if (mode == "reflect") {
    l.emit(node, "MIRROR_PAD", {l.input(node, 0), paddings}, {{"mode", std::string("REFLECT")}});
    return {};
  }
  if (mode != "constant") return unsupported(fmt::format("mode \"{}\"; TFLite pads with a constant or reflects", mode));
  double value = TRY(l.number(node, 2, 0, "value"));
  if (value == 0) return l.emit(node, "PAD", {l.input(node, 0), paddings}), Status();
  ValueId constant = l.constant("pad_value", Tensor::scalar(value).cast(l.value(node.inputs[0]).dtype));
  l.emit(node, "PADV2", {l.input(node, 0), paddings, constant});
  return {};
}

Status expand(Lowering& l, const Node& node) {
  std::optional<Shape> shape = known_shape(TRY(l.dims(node.outputs[0])));
  if (!shape) return unsupported("to a shape that is not known; TFLite's BROADCAST_TO needs it whole");
  l.emit(node, "BROADCAST_TO", {l.input(node, 0), l.ints32(*shape)});
  return {};
}

Status tile(Lowering& l, const Node& node) {
  std::vector<int64_t> repeats = TRY(l.ints(node, 1, "repeats"));
  l.emit(node, "TILE", {l.input(node, 0), l.ints32(repeats)});
  return {};
}

Status shape(Lowering& l, const Node& node) {
  if (node.integer("start") != 0 || node.has("end")) return unsupported("start and end; slice the whole shape instead");
  l.emit(node, "SHAPE", {l.input(node, 0)}, {{"out_type", std::string("INT64")}});
  return {};
}

constexpr LowerRule kRules[] = {
    {"Concat", concat},   {"Constant", constant}, {"Dropout", dropout},     {"Expand", expand},
    {"Flatten", reshape}, {"Gather", gather},     {"Identity", identity},   {"Pad", pad},
    {"Reshape", reshape}, {"Shape", shape},       {"Slice", slice},         {"Split", split},
    {"Squeeze", squeeze}, {"Tile", tile},         {"Transpose", transpose}, {"Unsqueeze", unsqueeze},
};

}  // namespace

std::span<const LowerRule> lower_shape_rules() { return kRules; }

}  // namespace slipway::convert
