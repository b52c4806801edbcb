// Activations: Keras's, as functions and as layers.
#include <fmt/format.h>

#include "train/fields.h"
#include "train/layers/context.h"

namespace slipway::train {

namespace {

ValueId linear(Builder&, ValueId x) { return x; }
// An operator with nothing to say.
template <const char* kOp>
ValueId op(Builder& b, ValueId x) {
  return b.op(kOp, {x});
}
constexpr char kRelu[] = "Relu", kSigmoid[] = "Sigmoid", kTanh[] = "Tanh", kGelu[] = "Gelu", kSoftmax[] = "Softmax",
               kElu[] = "Elu", kSelu[] = "Selu", kCelu[] = "Celu", kSoftplus[] = "Softplus", kSoftsign[] = "Softsign",
               kMish[] = "Mish", kExp[] = "Exp", kLogSoftmax[] = "LogSoftmax", kHardSwish[] = "HardSwish";

ValueId clip(Builder& b, ValueId x, float low, float high) { return b.op("Clip", {x, b.scalar(low), b.scalar(high)}); }
ValueId leaky(Builder& b, ValueId x, double slope) {
  return b.op("LeakyRelu", {x}, {{"alpha", static_cast<float>(slope)}});
}
ValueId leaky_relu(Builder& b, ValueId x) { return leaky(b, x, 0.2); }
ValueId relu6(Builder& b, ValueId x) { return clip(b, x, 0, 6); }
ValueId hard_sigmoid(Builder& b, ValueId x) { return b.op("HardSigmoid", {x}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}}); }
ValueId hard_tanh(Builder& b, ValueId x) { return clip(b, x, -1, 1); }
// x σ(x)
ValueId silu(Builder& b, ValueId x) { return b.mul(x, b.op("Sigmoid", {x})); }
// log σ(x) = -softplus(-x)
ValueId log_sigmoid(Builder& b, ValueId x) { return b.neg(b.op("Softplus", {b.neg(x)})); }
// x - tanh(x)
ValueId tanh_shrink(Builder& b, ValueId x) { return b.sub(x, b.op("Tanh", {x})); }
// 0 within ±1/2, beyond it moved towards 0 by 1/2
ValueId soft_shrink(Builder& b, ValueId x) {
  ValueId half = b.scalar(0.5f);
  return b.sub(b.op("Relu", {b.sub(x, half)}), b.op("Relu", {b.sub(b.neg(x), half)}));
}
// 0 within ±1/2, x beyond
ValueId hard_shrink(Builder& b, ValueId x) {
  return b.op("Where", {b.op("Greater", {b.op("Abs", {x}), b.scalar(0.5f)}), x, b.scalar(0)});
}
// (x + sqrt(x^2 + 4)) / 2
ValueId squareplus(Builder& b, ValueId x) {
  return b.mul(b.add(x, b.op("Sqrt", {b.add(b.mul(x, x), b.scalar(4))})), b.scalar(0.5f));
}
// a σ(b) of the halves of the last axis
ValueId glu(Builder& b, ValueId x) {
  Values halves = b.ops("Split", {x}, 2, {{"axis", int64_t{-1}}, {"num_outputs", int64_t{2}}});
  return b.mul(halves[0], b.op("Sigmoid", {halves[1]}));
}

struct ActivationRow {
  const char* name;
  ValueId (*apply)(Builder&, ValueId);
};

constexpr ActivationRow kActivations[] = {
    {"linear", linear},
    {"relu", op<kRelu>},
    {"relu6", relu6},
    {"leaky_relu", leaky_relu},
    {"sigmoid", op<kSigmoid>},
    {"tanh", op<kTanh>},
    {"gelu", op<kGelu>},
    {"softmax", op<kSoftmax>},
    {"log_softmax", op<kLogSoftmax>},
    {"elu", op<kElu>},
    {"selu", op<kSelu>},
    {"celu", op<kCelu>},
    {"softplus", op<kSoftplus>},
    {"softsign", op<kSoftsign>},
    {"silu", silu},
    {"swish", silu},
    {"mish", op<kMish>},
    {"exponential", op<kExp>},
    {"hard_sigmoid", hard_sigmoid},
    {"hard_silu", op<kHardSwish>},
    {"hard_swish", op<kHardSwish>},
    {"hard_tanh", hard_tanh},
    {"log_sigmoid", log_sigmoid},
    {"tanh_shrink", tanh_shrink},
    {"soft_shrink", soft_shrink},
    {"hard_shrink", hard_shrink},
    {"squareplus", squareplus},
    {"glu", glu},
};

Result<ValueId> activation(LayerContext& c, const Values& x) { return c.activate(x[0]); }

Result<ValueId> relu_layer(LayerContext& c, const Values& x) {
  if (!c.has("max_value")) return leaky(c.b, x[0], c.real("negative_slope"));
  return clip(c.b, x[0], 0, static_cast<float>(c.real("max_value")));
}
Result<ValueId> leaky_layer(LayerContext& c, const Values& x) {
  return leaky(c.b, x[0], c.real("negative_slope", 0.3));
}
Result<ValueId> elu_layer(LayerContext& c, const Values& x) {
  return c.b.op("Elu", x, {{"alpha", static_cast<float>(c.real("alpha", 1))}});
}
Result<ValueId> softmax_layer(LayerContext& c, const Values& x) {
  return c.b.op("Softmax", x, {{"axis", c.integer("axis", -1)}});
}
// One slope for each channel of images (axis 1), else for each feature (the last axis).
Result<ValueId> prelu_layer(LayerContext& c, const Values& x) {
  int64_t rank = c.b.rank(x[0]);
  int64_t size = TRY(c.known_size(x[0], rank == 4 ? 1 : -1, "number of features"));
  Shape shape = rank == 4 ? Shape{size, 1, 1} : Shape{size};
  return c.b.op("PRelu", {x[0], c.weight("alpha", Tensor(DType::f32, shape))});
}

constexpr LayerRow kLayers[] = {
    {"Activation", "activation", activation, {{"activation", Argument::text, true}}},
    {"ReLU", "re_lu", relu_layer, {{"max_value", Argument::real}, {"negative_slope", Argument::real}}},
    {"LeakyReLU", "leaky_re_lu", leaky_layer, {{"negative_slope", Argument::real}}},
    {"PReLU", "p_re_lu", prelu_layer, {}},
    {"ELU", "elu", elu_layer, {{"alpha", Argument::real}}},
    {"Softmax", "softmax", softmax_layer, {{"axis", Argument::integer}}},
};

}  // namespace

std::span<const LayerRow> activation_layers() { return kLayers; }

Result<ValueId> apply_activation(Builder& b, const std::string& name, ValueId x) {
  return TRY(find_row("activation", std::span<const ActivationRow>(kActivations), name))->apply(b, x);
}

}  // namespace slipway::train
