// Activations that are one operator.
#include "train/activations/activation_card.h"

namespace slipway::train {

namespace {

// An operator with nothing to say.
template <const char* kOp>
ValueId op(Builder& b, ValueId x) {
  return b.op(kOp, {x});
}
constexpr char kCelu[] = "Celu", kElu[] = "Elu", kExp[] = "Exp", kGelu[] = "Gelu", kHardSwish[] = "HardSwish",
               kLogSoftmax[] = "LogSoftmax", kMish[] = "Mish", kRelu[] = "Relu", kSelu[] = "Selu",
               kSigmoid[] = "Sigmoid", kSoftmax[] = "Softmax", kSoftplus[] = "Softplus", kSoftsign[] = "Softsign",
               kTanh[] = "Tanh";

ValueId leaky_relu(Builder& b, ValueId x) { return b.op("LeakyRelu", {x}, {{"alpha", 0.2f}}); }
ValueId hard_sigmoid(Builder& b, ValueId x) { return b.op("HardSigmoid", {x}, {{"alpha", 1.0f / 6}, {"beta", 0.5f}}); }

}  // namespace

ACTIVATION(celu) = {.name = "celu", .doc = "max(x, 0) + min(exp(x) - 1, 0).", .apply = op<kCelu>};
ACTIVATION(elu) = {.name = "elu", .doc = "x above 0, exp(x) - 1 below.", .apply = op<kElu>};
ACTIVATION(exponential) = {.name = "exponential", .doc = "exp(x).", .apply = op<kExp>};
ACTIVATION(gelu) = {.name = "gelu",
                    .doc = "x Φ(x), Φ being the normal distribution (D. Hendrycks, K. Gimpel, 2016).",
                    .apply = op<kGelu>};
ACTIVATION(hard_silu) = {.name = "hard_silu", .doc = "x hard_sigmoid(x).", .apply = op<kHardSwish>};
ACTIVATION(hard_swish) = {.name = "hard_swish", .doc = "hard_silu by its other name.", .apply = op<kHardSwish>};
ACTIVATION(log_softmax) = {
    .name = "log_softmax", .doc = "x - log(sum(exp(x))) over the last axis.", .apply = op<kLogSoftmax>};
ACTIVATION(mish) = {.name = "mish", .doc = "x tanh(softplus(x)).", .apply = op<kMish>};
ACTIVATION(relu) = {.name = "relu", .doc = "max(x, 0).", .apply = op<kRelu>};
ACTIVATION(selu) = {.name = "selu",
                    .doc = "A scaled elu that keeps mean and variance (G. Klambauer et al., 2017).",
                    .apply = op<kSelu>};
ACTIVATION(sigmoid) = {.name = "sigmoid", .doc = "1 / (1 + exp(-x)).", .apply = op<kSigmoid>};
ACTIVATION(softmax) = {.name = "softmax", .doc = "exp(x) / sum(exp(x)) over the last axis.", .apply = op<kSoftmax>};
ACTIVATION(softplus) = {.name = "softplus", .doc = "log(1 + exp(x)).", .apply = op<kSoftplus>};
ACTIVATION(softsign) = {.name = "softsign", .doc = "x / (1 + |x|).", .apply = op<kSoftsign>};
ACTIVATION(tanh) = {.name = "tanh", .doc = "tanh(x).", .apply = op<kTanh>};
ACTIVATION(leaky_relu) = {.name = "leaky_relu", .doc = "x above 0, 0.2 x below.", .apply = leaky_relu};
ACTIVATION(hard_sigmoid) = {.name = "hard_sigmoid", .doc = "min(max(x / 6 + 1/2, 0), 1).", .apply = hard_sigmoid};

}  // namespace slipway::train
