// Activations made of several operators.
#include "train/activations/activation_card.h"

namespace slipway::train {

namespace {

ValueId linear(Builder&, ValueId x) { return x; }
ValueId clip(Builder& b, ValueId x, float low, float high) { return b.op("Clip", {x, b.scalar(low), b.scalar(high)}); }
ValueId relu6(Builder& b, ValueId x) { return clip(b, x, 0, 6); }
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

}  // namespace

ACTIVATION(linear) = {.name = "linear", .doc = "x.", .apply = linear};
ACTIVATION(relu6) = {.name = "relu6", .doc = "min(max(x, 0), 6).", .apply = relu6};
ACTIVATION(hard_tanh) = {.name = "hard_tanh", .doc = "min(max(x, -1), 1).", .apply = hard_tanh};
ACTIVATION(silu) = {.name = "silu", .doc = "x sigmoid(x).", .apply = silu};
ACTIVATION(swish) = {.name = "swish", .doc = "silu by its other name.", .apply = silu};
ACTIVATION(log_sigmoid) = {.name = "log_sigmoid", .doc = "log(sigmoid(x)).", .apply = log_sigmoid};
ACTIVATION(tanh_shrink) = {.name = "tanh_shrink", .doc = "x - tanh(x).", .apply = tanh_shrink};
ACTIVATION(soft_shrink) = {
    .name = "soft_shrink", .doc = "0 within ±1/2, beyond it moved towards 0 by 1/2.", .apply = soft_shrink};
ACTIVATION(hard_shrink) = {.name = "hard_shrink", .doc = "0 within ±1/2, x beyond.", .apply = hard_shrink};
ACTIVATION(squareplus) = {.name = "squareplus", .doc = "(x + sqrt(x^2 + 4)) / 2.", .apply = squareplus};
ACTIVATION(glu) = {.name = "glu", .doc = "a sigmoid(b) of the halves a, b of the last axis.", .apply = glu};

}  // namespace slipway::train
