// The list of activations, written by the build from the files in this folder.
#include "train/activations/activation_card.h"
#include "train/layers/context.h"

namespace slipway::train {

#define CARD(id) extern const ActivationCard activation_##id;
#include "train/activations/cards.inc"
#undef CARD

const Cards<ActivationCard>& all_activations() {
  static const Cards<ActivationCard> cards("activation",
                                           {
#define CARD(id) &activation_##id,
#include "train/activations/cards.inc"
#undef CARD
                                           },
                                           same_word);
  return cards;
}

Result<ValueId> apply_activation(Builder& b, const std::string& name, ValueId x) {
  return TRY(all_activations().get(name))->apply(b, x);
}

}  // namespace slipway::train
