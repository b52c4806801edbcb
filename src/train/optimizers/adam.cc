// Adam, and Adam with decoupled weight decay.
#include "train/optimizers/optimizer_card.h"

namespace slipway::train {

OPTIMIZER(adam) = {
    .name = "adam",
    .doc = "Moving means of the gradient and of its squares (D. Kingma, J. Ba, ICLR 2015).",
    .operation = "Adam",
    .timed = true,
    .slots = {{{"m"}, {"v"}}},
    .fields = {{kBeta1, kBeta2, kEpsilon, kDecay}},
};

OPTIMIZER(adamw) = {
    .name = "adamw",
    .doc = "adam with decoupled weight decay (I. Loshchilov, F. Hutter, ICLR 2019).",
    .operation = "Adam",
    .timed = true,
    .slots = {{{"m"}, {"v"}}},
    .fields = {{kBeta1, kBeta2, kEpsilon, with_default(kDecay, 0.004)}},
};

}  // namespace slipway::train
