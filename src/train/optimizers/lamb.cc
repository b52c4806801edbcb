// LAMB.
#include "train/optimizers/optimizer_card.h"

namespace slipway::train {

OPTIMIZER(lamb) = {
    .name = "lamb",
    .doc = "Adam's step, scaled by weight to the norm of the weight (Y. You et al., ICLR 2020).",
    .operation = "LAMB",
    .timed = true,
    .slots = {{{"m"}, {"v"}}},
    .fields = {{kBeta1, kBeta2, with_default(kEpsilon, 1e-6), kDecay}},
};

}  // namespace slipway::train
