// TFLite's operators that move elements, in ONNX: reshape, transpose, concat, split, slice, gather, pad.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "formats/tflite_raise.h"
#include "tensor/permute.h"

namespace slipway {

namespace {

// Far beyond any tensor of a file, whose sizes are 32 bits wide; sums of two stay far from int64's ends.
constexpr int64_t kFarthest = int64_t{1} << 40;

Status check_near(const std::vector<int64_t>& values, std::string_view what) {
  for (int64_t value : values) {
    if (value < -kFarthest || value > kFarthest) return data_loss(fmt::format("{}: {} is no position", what, value));
  }
  return {};
}

ValueId as_int64(Raiser& r, const Node& node, size_t i) {
  ValueId x = r.input(node, i);
  if (!node.has_input(i) || r.dtype(node.inputs[i]) == DType::i64) return x;
  return r.op("Cast", {x}, {{"to", static_cast<int64_t>(DType::i64)}});
}

Status reshape(Raiser& r, const Node& node) {
  bool computed = node.has_input(1) && !r.from().is_constant(node.inputs[1]);
  if (computed) {
    r.set(node, 0, r.op("Reshape", {r.input(node, 0), as_int64(r, node, 1)}));
    return {};
  }
  std::vector<int64_t> shape = node.has_input(1) ? TRY(r.ints(node, 1, "sizes")) : node.ints("new_shape");
  Attributes attributes;
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) attributes.set("allowzero", int64_t{1});
  r.set(node, 0, r.op("Reshape", {r.input(node, 0), r.constant_ints(shape)}, std::move(attributes)));
  return {};
}

Status transpose(Raiser& r, const Node& node) {
  std::vector<int64_t> permutation = TRY(r.ints(node, 1, "permutation"));
  if (!is_permutation(permutation))
    return data_loss("its permutation names a dimension twice or one that is not there");
  r.set(node, 0, r.transposed(r.input(node, 0), permutation));
  return {};
}

Status squeeze(Raiser& r, const Node& node) {
  std::vector<int64_t> axes = node.ints("squeeze_dims");
  if (axes.empty() && node.has_input(0)) {
    const Dims& dims = r.dims(node.inputs[0]);
    for (size_t d = 0; d < dims.size(); ++d) {
      if (dims[d].known() && dims[d].size == 1) axes.push_back(static_cast<int64_t>(d));
    }
  }
  r.set(node, 0, r.op("Squeeze", {r.input(node, 0), r.constant_ints(axes)}));
  return {};
}

Status expand_dims(Raiser& r, const Node& node) {
  std::vector<int64_t> axis = TRY(r.ints(node, 1, "axis"));
  r.set(node, 0, r.op("Unsqueeze", {r.input(node, 0), r.constant_ints(axis)}));
  return {};
}

Status concatenation(Raiser& r, const Node& node) {
  Values inputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(r.input(node, i));
  ValueId y = r.op("Concat", std::move(inputs), {{"axis", node.integer("axis")}});
  r.set(node, 0, TRY(r.activated(node, y)));
  return {};
}

void set_all(Raiser& r, const Node& node, const Values& values) {
  for (size_t i = 0; i < values.size(); ++i) r.set(node, i, values[i]);
}

// Inputs: axis, x.
Status split(Raiser& r, const Node& node) {
  std::vector<int64_t> axis = TRY(r.ints(node, 0, "axis"));
  if (axis.size() != 1 || node.outputs.empty()) return data_loss("expected one axis and at least one output");
  auto outputs = static_cast<int>(node.outputs.size());
  set_all(r, node, r.ops("Split", {r.input(node, 1)}, outputs, {{"axis", axis[0]}, {"num_outputs", int64_t{outputs}}}));
  return {};
}

// Inputs: x, sizes, axis.
Status split_v(Raiser& r, const Node& node) {
  std::vector<int64_t> sizes = TRY(r.ints(node, 1, "sizes"));
  std::vector<int64_t> axis = TRY(r.ints(node, 2, "axis"));
  if (axis.size() != 1 || sizes.size() != node.outputs.size())
    return data_loss("expected one axis, one size per output");
  set_all(r, node,
          r.ops("Split", {r.input(node, 0), r.constant_ints(sizes)}, static_cast<int>(node.outputs.size()),
                {{"axis", axis[0]}}));
  return {};
}

// Inputs: x, begin, size (-1: to the end).
Status slice(Raiser& r, const Node& node) {
  std::vector<int64_t> begin = TRY(r.ints(node, 1, "begins"));
  std::vector<int64_t> size = TRY(r.ints(node, 2, "sizes"));
  if (begin.size() != size.size()) return data_loss("as many sizes as begins were expected");
  RETURN_IF_ERROR(check_near(begin, "begins"));
  RETURN_IF_ERROR(check_near(size, "sizes"));
  std::vector<int64_t> end, axes;
  for (size_t d = 0; d < begin.size(); ++d) {
    end.push_back(size[d] == -1 ? std::numeric_limits<int32_t>::max() : begin[d] + size[d]);
    axes.push_back(static_cast<int64_t>(d));
  }
  r.set(node, 0,
        r.op("Slice", {r.input(node, 0), r.constant_ints(begin), r.constant_ints(end), r.constant_ints(axes)}));
  return {};
}

bool bit(const Node& node, const char* mask, size_t d) { return (node.integer(mask) >> d & 1) != 0; }

// Inputs: x, begin, end, strides. A masked begin or end is that side's border; a shrunk dimension is dropped.
Status strided_slice(Raiser& r, const Node& node) {
  if (node.integer("ellipsis_mask") != 0 || node.integer("new_axis_mask") != 0 || node.integer("offset") != 0) {
    return unsupported("ellipsis, new axes and offsets are not known here");
  }
  std::vector<int64_t> begin = TRY(r.ints(node, 1, "begins"));
  std::vector<int64_t> end = TRY(r.ints(node, 2, "ends"));
  std::vector<int64_t> strides = TRY(r.ints(node, 3, "strides"));
  if (begin.size() != end.size() || begin.size() != strides.size() || begin.size() > 31) {
    return data_loss("as many begins as ends and strides were expected");
  }
  RETURN_IF_ERROR(check_near(begin, "begins"));
  constexpr int64_t kFar = std::numeric_limits<int32_t>::max();
  std::vector<int64_t> axes, gone;
  for (size_t d = 0; d < begin.size(); ++d) {
    axes.push_back(static_cast<int64_t>(d));
    if (bit(node, "shrink_axis_mask", d)) {
      gone.push_back(static_cast<int64_t>(d));
      end[d] = begin[d] == -1 ? kFar : begin[d] + 1;
      strides[d] = 1;
      continue;
    }
    if (bit(node, "begin_mask", d)) begin[d] = strides[d] < 0 ? kFar : 0;
    if (bit(node, "end_mask", d)) end[d] = strides[d] < 0 ? -kFar : kFar;
  }
  ValueId y = r.op("Slice", {r.input(node, 0), r.constant_ints(begin), r.constant_ints(end), r.constant_ints(axes),
                             r.constant_ints(strides)});
  if (!gone.empty()) y = r.op("Squeeze", {y, r.constant_ints(gone)});
  r.set(node, 0, y);
  return {};
}

Status gather(Raiser& r, const Node& node) {
  if (node.integer("batch_dims") != 0) return unsupported("batch_dims other than 0 are not known here");
  r.set(node, 0, r.op("Gather", {r.input(node, 0), r.input(node, 1)}, {{"axis", node.integer("axis")}}));
  return {};
}

// [[before, after], …] as [before…, after…].
Result<ValueId> paddings(Raiser& r, const Node& node) {
  std::vector<int64_t> pairs = TRY(r.ints(node, 1, "paddings"));
  if (pairs.size() % 2 != 0) return data_loss("paddings come in pairs");
  std::vector<int64_t> pads(pairs.size());
  for (size_t d = 0; d < pads.size() / 2; ++d) {
    pads[d] = pairs[2 * d];
    pads[d + pads.size() / 2] = pairs[2 * d + 1];
  }
  return r.constant_ints(pads);
}

Status pad(Raiser& r, const Node& node) {
  ValueId pads = TRY(paddings(r, node));
  r.set(node, 0, r.op("Pad", {r.input(node, 0), pads}));
  return {};
}
Status pad_v2(Raiser& r, const Node& node) {
  float value = TRY(r.real(node, 2, "padding value"));
  ValueId pads = TRY(paddings(r, node));
  r.set(node, 0, r.op("Pad", {r.input(node, 0), pads, r.scalar(value)}));
  return {};
}
Status mirror_pad(Raiser& r, const Node& node) {
  if (node.text("mode") != "REFLECT") return unsupported("symmetric padding has no counterpart in ONNX");
  ValueId pads = TRY(paddings(r, node));
  r.set(node, 0, r.op("Pad", {r.input(node, 0), pads}, {{"mode", std::string("reflect")}}));
  return {};
}

Status pack(Raiser& r, const Node& node) {
  Values inputs;
  ValueId axis = r.constant_ints({node.integer("axis")});
  for (size_t i = 0; i < node.inputs.size(); ++i) inputs.push_back(r.op("Unsqueeze", {r.input(node, i), axis}));
  r.set(node, 0, r.op("Concat", std::move(inputs), {{"axis", node.integer("axis")}}));
  return {};
}

Status unpack(Raiser& r, const Node& node) {
  auto outputs = static_cast<int>(node.outputs.size());
  if (outputs == 0) return data_loss("no output");
  int64_t axis = node.integer("axis");
  Values parts = r.ops("Split", {r.input(node, 0)}, outputs, {{"axis", axis}, {"num_outputs", int64_t{outputs}}});
  ValueId axes = r.constant_ints({axis});
  for (ValueId& part : parts) part = r.op("Squeeze", {part, axes});
  set_all(r, node, parts);
  return {};
}

Status shape(Raiser& r, const Node& node) {
  ValueId y = r.op("Shape", {r.input(node, 0)});
  DType wanted = node.outputs.empty() ? DType::i64 : r.dtype(node.outputs[0]);
  if (wanted != DType::i64) y = r.op("Cast", {y}, {{"to", static_cast<int64_t>(wanted)}});
  r.set(node, 0, y);
  return {};
}

Status broadcast_to(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("Expand", {r.input(node, 0), as_int64(r, node, 1)}));
  return {};
}
Status tile(Raiser& r, const Node& node) {
  r.set(node, 0, r.op("Tile", {r.input(node, 0), as_int64(r, node, 1)}));
  return {};
}

constexpr RaiseRule kRules[] = {
    {"BROADCAST_TO", broadcast_to},
    {"CONCATENATION", concatenation},
    {"EXPAND_DIMS", expand_dims},
    {"GATHER", gather},
    {"MIRROR_PAD", mirror_pad},
    {"PACK", pack},
    {"PAD", pad},
    {"PADV2", pad_v2},
    {"RESHAPE", reshape},
    {"SHAPE", shape},
    {"SLICE", slice},
    {"SPLIT", split},
    {"SPLIT_V", split_v},
    {"SQUEEZE", squeeze},
    {"STRIDED_SLICE", strided_slice},
    {"TILE", tile},
    {"TRANSPOSE", transpose},
    {"UNPACK", unpack},
};

}  // namespace

std::span<const RaiseRule> raise_shape_rules() { return kRules; }

}  // namespace slipway
