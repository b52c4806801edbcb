// The list of cards, written by the build from the files in this folder.
#include "ops/all.h"

namespace slipway {

#define CARD(id) extern const Operator card_##id;
#include "ops/cards.inc"
#undef CARD

const OperatorSet& all_operators() {
  static const OperatorSet set({
#define CARD(id) &card_##id,
#include "ops/cards.inc"
#undef CARD
  });
  return set;
}

}  // namespace slipway
