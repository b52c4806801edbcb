// Adagrad.
#include "train/optimizers/optimizer_card.h"

namespace slipway::train {

OPTIMIZER(adagrad) = {
    .name = "adagrad",
    .doc = "The gradient over the root of the sum of its squares (J. Duchi, E. Hazan, Y. Singer, 2011).",
    .operation = "Adagrad",
    .slots = {{{"accumulator", &Optimizer::initial_accumulator_value}}},
    .fields = {{kEpsilon, kDecay, {"initial_accumulator_value", &Optimizer::initial_accumulator_value, 0, 1e6, 0.1}}},
};

}  // namespace slipway::train
