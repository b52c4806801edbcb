// ConvTranspose.
#include <algorithm>

#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/convolution.h"
#include "ops/infer.h"
#include "ops/sizes.h"

namespace slipway {
namespace {

using Ints = std::vector<int64_t>;

// The window over the output, per spatial dimension; unknown sizes of the input leave pads of 0.
struct Transposed {
  ops::Window window;
  Dims out;  // spatial
};

Status fit(const Node& node, const Dims& x, Transposed& t) {
  ops::Window& w = t.window;
  Ints extra = node.ints("output_padding"), wanted = node.ints("output_shape");
  std::string auto_pad = node.text("auto_pad");
  size_t spatial = w.kernel.size();
  if (wanted.size() == spatial + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if ((!extra.empty() && extra.size() != spatial) || (!wanted.empty() && wanted.size() != spatial)) {
    return invalid(fmt::format("output_padding and output_shape must have {} entries", spatial));
  }
  RETURN_IF_ERROR(ops::expect_steps(extra, "output_padding"));
  RETURN_IF_ERROR(ops::expect_steps(wanted, "output_shape"));
  extra.resize(spatial);
  bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  for (size_t i = 0; i < spatial; ++i) {
    const Dim& in = x[i + 2];
    if (!in.known()) {
      t.out.push_back(wanted.empty() ? Dim() : Dim(wanted[i]));
      continue;
    }
    int64_t whole = w.strides[i] * (in.size - 1) + extra[i] + (w.kernel[i] - 1) * w.dilations[i] + 1;
    if (wanted.empty() && !same) {
      t.out.emplace_back(std::max<int64_t>(whole - w.pads_begin[i] - w.pads_end[i], 0));
      continue;
    }
    int64_t out = wanted.empty() ? in.size * w.strides[i] : wanted[i], total = std::max<int64_t>(whole - out, 0);
    w.pads_begin[i] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
    w.pads_end[i] = total - w.pads_begin[i];
    t.out.emplace_back(std::max<int64_t>(out, 0));
  }
  return {};
}

Result<Transposed> transposed(const Node& node, const Dims& x, const Dims& w) {
  Transposed t{TRY(ops::window_of(node, x, ops::kernel_of_weights(w))), {}};
  RETURN_IF_ERROR(fit(node, x, t));
  if (node.ints("output_shape").empty()) ops::forget_unknown_filters(node, w, t.out);
  return t;
}

Status infer(InferContext& c) {
  const Dims &x = c.dims(0), &w = c.dims(1);
  int64_t groups = c.node().integer("group");
  if (x.size() < 3 || x.size() > 5 || w.size() != x.size()) {
    return invalid(
        fmt::format("X {} and W {}; expected [N, C, ...] and [C, M / group, ...] with 1 to 3 spatial "
                    "dimensions",
                    to_string(x), to_string(w)));
  }
  if (groups < 1 || (w[0].known() && w[0].size % groups != 0)) {
    return invalid(fmt::format("group is {} for W {}; expected a divisor of its channels", groups, to_string(w)));
  }
  if (x[1].known() && w[0].known() && x[1].size != w[0].size) {
    return invalid(fmt::format("X has {} channels and W is {}", x[1].size, to_string(w)));
  }
  if (w[1].known() && w[1].size > ops::kLargestSize / groups) {
    return invalid(fmt::format("group is {} for W {}; no tensor has that many channels", groups, to_string(w)));
  }
  Transposed t = TRY(transposed(c.node(), x, w));
  for (size_t i = 2; i < w.size(); ++i) {
    if (w[i].known() && t.window.kernel[i - 2] != w[i].size) {
      return invalid(fmt::format("kernel_shape does not fit W {}", to_string(w)));
    }
  }
  Dims out = {x[0], w[1].known() ? Dim(w[1].size * groups) : Dim()};
  RETURN_IF_ERROR(ops::expect_conv_operands(c, out[1]));
  out.insert(out.end(), t.out.begin(), t.out.end());
  c.set(0, c.dtype(0), out);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) {
    return unsupported(
        fmt::format("ConvTranspose has no arithmetic for {}; cast to float32", dtype_name(c.in(0).dtype)));
  }
  if (c.out(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  Transposed t = TRY(transposed(c.node(), to_dims(c.in(0).shape), to_dims(c.in(1).shape)));
  ConvSpec spec;
  spec.x = c.in(0).shape;
  spec.w = c.in(1).shape;
  spec.y = c.out(0).shape;
  spec.strides = t.window.strides;
  spec.dilations = t.window.dilations;
  spec.pads_begin = spec.pads_end = t.window.pads_begin;
  // What the windows reach beyond the output; less than 0 where the output has an edge that no window reaches.
  for (size_t i = 0; i < spec.strides.size(); ++i) {
    int64_t whole = (spec.x[i + 2] - 1) * spec.strides[i] + (t.window.kernel[i] - 1) * spec.dilations[i] + 1;
    spec.pads_end[i] = whole - spec.pads_begin[i] - spec.y[i + 2];
  }
  spec.groups = c.node().integer("group");
  ops::idle_dimensions_first(spec);
  spec.bias = c.has_input(2);
  spec.post = TRY(ops::post_of(c.node()));
  spec.constant_w = c.constant(1);
  return ops::kernel_of(TRY(make_deconv(spec, ops::pack_through(c))));
}

// dX = Conv(dY, W), dW = the weights' gradient of that Conv for its output gradient X, dB = sum of dY over batch and
// positions
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Transposed t = TRY(transposed(n, b.dims(x[0]), b.dims(x[1])));
  bool computed = n.text("auto_pad") != "NOTSET" || n.has("output_shape");
  for (const Dim& dim : t.out) {
    if (!dim.known() && computed) return unsupported("the gradient of ConvTranspose needs known sizes, or pads");
  }
  Ints pads = t.window.pads_begin;
  pads.insert(pads.end(), t.window.pads_end.begin(), t.window.pads_end.end());
  Attributes attributes = {{"kernel_shape", t.window.kernel},
                           {"strides", t.window.strides},
                           {"dilations", t.window.dilations},
                           {"pads", pads},
                           {"group", n.integer("group")}};
  Values dx = {b.op("Conv", {dy[0], x[1]}, attributes),
               b.ops("ConvGradWeights", {dy[0], x[0], x[1]}, 1, attributes, "slipway")[0]};
  if (n.has_input(2)) {
    Ints axes = {0};
    for (int64_t i = 2; i < b.rank(x[0]); ++i) axes.push_back(i);
    dx.push_back(b.op("ReduceSum", {dy[0], b.ints(axes)}, {{"keepdims", int64_t{0}}}));
  }
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {2, 3, 4, 3}}},
                      {.type = {DType::f32, {3, 4, 3, 3}}, .constant = true},
                      {.type = {DType::f32, {4}}, .constant = true}},
           .attributes = {{"pads", Ints{1, 0, 1, 1}}, {"strides", Ints{2, 1}}, {"output_padding", Ints{1, 0}}}},
          {.inputs = {{.type = {DType::f32, {1, 4, 5, 5}}}, {.type = {DType::f32, {4, 1, 3, 3}}}},
           .attributes = {{"group", int64_t{2}}, {"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}}},
          {.inputs = {{.type = {DType::f32, {2, 2, 6}}}, {.type = {DType::f32, {2, 3, 3}}}},
           .attributes = {{"dilations", Ints{2}}}}};
}

}  // namespace

OPERATOR(conv_transpose) = {
    .name = "ConvTranspose",
    .since = 1,
    .doc = "The transposition of Conv: each element of X [N, C, ...] adds itself times W [C, M / group, ...], plus B.",
    .inputs = {2, 3},
    .attributes = ops::windowed({ops::kKernelShape,
                                 ops::kGroup,
                                 ops::kActivation,
                                 ops::kActivationAlpha,
                                 ops::kActivationBeta,
                                 {"output_padding", kOptionalInts},
                                 {"output_shape", kOptionalInts}}),
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TRANSPOSE_CONV pads as SAME or VALID only; not written yet"},
    .samples = samples,
};

}  // namespace slipway
