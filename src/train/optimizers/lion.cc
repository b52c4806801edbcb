// Lion.
#include "train/optimizers/optimizer_card.h"

namespace slipway::train {

OPTIMIZER(lion) = {
    .name = "lion",
    .doc = "The sign of a moving mean of the gradient (X. Chen et al., 2023).",
    .operation = "Lion",
    .slots = {{{"m"}}},
    .fields = {{kBeta1, with_default(kBeta2, 0.99), kDecay}},
};

}  // namespace slipway::train
