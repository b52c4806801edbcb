// The list of activations, written by the build from the files in this folder.
#include "base/card_list.h"
#include "train/activations/activation_card.h"
#include "train/activations/cards.inc"
#include "train/layers/context.h"

namespace slipway::train {

DECLARE_CARDS(ActivationCard, activation_)

const Cards<ActivationCard>& all_activations() {
  static const Cards<ActivationCard> cards("activation", CARD_LIST(ActivationCard, activation_), same_word);
  return cards;
}

Result<ValueId> apply_activation(Builder& b, const std::string& name, ValueId x) {
  return TRY(all_activations().get(name))->apply(b, x);
}

}  // namespace slipway::train
