// Conv.
#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/convolution.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  Dims y = TRY(ops::conv_output(c.node(), c.dims(0), c.dims(1)));
  RETURN_IF_ERROR(ops::expect_conv_operands(c, y[1]));
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) {
    return unsupported(fmt::format("Conv has no arithmetic for {}; cast to float32", dtype_name(c.in(0).dtype)));
  }
  if (c.out(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  ConvSpec spec = TRY(ops::conv_spec(c.node(), c.in(0).shape, c.in(1).shape, c.out(0).shape));
  spec.bias = c.has_input(2);
  spec.post = TRY(ops::post_of(c.node()));
  spec.bf16 = ops::computes_bf16(c.node());
  spec.threads = c.threads();
  spec.constant_w = c.constant(1);
  return ops::kernel_of(TRY(make_conv(spec, ops::pack_through(c))));
}

// dX = dY convolved with W flipped, dW = X correlated with dY, dB = sum of dY over batch and positions
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Attributes attributes;
  for (const char* name : {"auto_pad", "kernel_shape", "strides", "pads", "dilations", "group"}) {
    if (const Attribute* value = n.attributes.find(name)) attributes.set(name, *value);
  }
  ValueId dx = b.op("ConvGradData", {dy[0], x[1], x[0]}, attributes, "slipway");
  bool bias = n.has_input(2);
  Values dw = b.ops("ConvGradWeights", {x[0], dy[0], x[1]}, bias ? 2 : 1, attributes, "slipway");
  Values result = {dx, dw[0]};
  if (bias) result.push_back(dw[1]);
  return result;
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  return {{.inputs = {{.type = {DType::f32, {2, 3, 7, 6}}},
                      {.type = {DType::f32, {4, 3, 3, 3}}, .constant = true},
                      {.type = {DType::f32, {4}}, .constant = true}},
           .attributes = {{"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 1}}}},
          {.inputs = {{.type = {DType::f32, {1, 4, 6, 6}}}, {.type = {DType::f32, {4, 1, 3, 3}}, .constant = true}},
           .attributes = {{"group", int64_t{4}}, {"auto_pad", std::string("SAME_UPPER")}}},
          {.inputs = {{.type = {DType::f32, {2, 2, 9}}}, {.type = {DType::f32, {3, 2, 3}}}},
           .attributes = {{"dilations", Ints{2}}}}};
}

}  // namespace

OPERATOR(conv) = {
    .name = "Conv",
    .since = 1,
    .doc = "Cross-correlation of X [N, C, ...] with filters W [M, C / group, ...], plus B [M].",
    .inputs = {2, 3},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup, ops::kActivation, ops::kActivationAlpha,
                                 ops::kActivationBeta, ops::kCompute}),
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .quant = {Quant::weighted},
    .tflite = {"CONV_2D", "2-D; DEPTHWISE_CONV_2D when group equals the input channels"},
    .samples = samples,
};

}  // namespace slipway
