// RMSprop.
#include "train/optimizers/optimizer_card.h"

namespace slipway::train {

OPTIMIZER(rmsprop) = {
    .name = "rmsprop",
    .doc = "The gradient over the root of the moving mean of its squares (T. Tieleman, G. Hinton, 2012).",
    .operation = "RMSprop",
    .slots = {{{"v"}}},
    .momentum_slot = "velocity",
    .fields = {{{"rho", &Optimizer::rho, 0, kBelowOne, 0.9}, kMomentum, kEpsilon, kDecay}},
};

}  // namespace slipway::train
