// Activations as layers of their own.
#include "train/layers/context.h"

namespace slipway::train {

namespace {

ValueId leaky(Builder& b, ValueId x, double slope) {
  return b.op("LeakyRelu", {x}, {{"alpha", static_cast<float>(slope)}});
}

Result<ValueId> activation(LayerContext& c, const Values& x) { return c.activate(x[0]); }

Result<ValueId> relu_layer(LayerContext& c, const Values& x) {
  if (!c.has("max_value")) return leaky(c.b, x[0], c.real("negative_slope"));
  return c.b.op("Clip", {x[0], c.b.scalar(0), c.b.scalar(static_cast<float>(c.real("max_value")))});
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

}  // namespace

LAYER(activation) = {
    .name = "Activation",
    .doc = "An activation by name.",
    .base_name = "activation",
    .build = activation,
    .parameters = {{{"activation", Argument::text, true}}},
};

LAYER(re_lu) = {
    .name = "ReLU",
    .doc = "max(x, 0), negative_slope x below 0, at most max_value.",
    .base_name = "re_lu",
    .build = relu_layer,
    .parameters = {{{"max_value", Argument::real}, {"negative_slope", Argument::real}}},
};

LAYER(leaky_re_lu) = {
    .name = "LeakyReLU",
    .doc = "x above 0, negative_slope x below.",
    .base_name = "leaky_re_lu",
    .build = leaky_layer,
    .parameters = {{{"negative_slope", Argument::real}}},
};

LAYER(p_re_lu) = {
    .name = "PReLU",
    .doc = "x above 0, a learned slope below, one for each channel.",
    .base_name = "p_re_lu",
    .build = prelu_layer,
};

LAYER(elu) = {
    .name = "ELU",
    .doc = "x above 0, alpha (exp(x) - 1) below.",
    .base_name = "elu",
    .build = elu_layer,
    .parameters = {{{"alpha", Argument::real}}},
};

LAYER(softmax) = {
    .name = "Softmax",
    .doc = "exp(x) / sum(exp(x)) along an axis.",
    .base_name = "softmax",
    .build = softmax_layer,
    .parameters = {{{"axis", Argument::integer}}},
};

}  // namespace slipway::train
