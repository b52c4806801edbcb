// Early stopping; fit() does it, since it says which epoch is the best.
#include "train/callbacks/callback_card.h"
#include "train/callbacks/monitored.h"

namespace slipway::train {

namespace {

constexpr Field<EarlyStopping> kFields[] = {
    {"monitor", &EarlyStopping::monitor},
    {"patience", &EarlyStopping::patience, 1, 1e9},
    {"min_delta", &EarlyStopping::min_delta, 0, 1e9},
    {"restore_best", &EarlyStopping::restore_best},
};

std::vector<OptionText> options() { return option_texts(std::span<const Field<EarlyStopping>>(kFields)); }

Status read(Section& callbacks, Recipe& recipe) {
  return read_monitored<EarlyStopping>(callbacks, "early_stopping", kFields, recipe, recipe.fit.early_stopping);
}

}  // namespace

CALLBACK(early_stopping) = {
    .name = "early_stopping",
    .doc = "Stops when `monitor` has not improved by more than min_delta for `patience` epochs.",
    .options = options,
    .read = read,
};

}  // namespace slipway::train
