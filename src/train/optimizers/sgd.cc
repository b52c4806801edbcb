// Stochastic gradient descent.
#include "train/optimizers/optimizer_card.h"

namespace slipway::train {

namespace {

Status check_nesterov(const Optimizer& o) {
  if (o.nesterov && o.momentum == 0) return invalid("optimizer: nesterov needs a momentum above 0");
  return {};
}

}  // namespace

OPTIMIZER(sgd) = {
    .name = "sgd",
    .doc = "Stochastic gradient descent, with (Nesterov's) momentum; weight_decay is an L2 term.",
    .operation = "SGD",
    .momentum_slot = "velocity",
    .fields = {{kMomentum, {"nesterov", &Optimizer::nesterov}, kDecay}},
    .check = check_nesterov,
};

}  // namespace slipway::train
