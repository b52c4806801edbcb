// The list of cards, written by the build from the files in this folder.
#include "ops/all.h"

#include "base/card_list.h"
#include "ops/cards.inc"

namespace slipway {

DECLARE_CARDS(Operator, card_)

const OperatorSet& all_operators() {
  static const OperatorSet set(CARD_LIST(Operator, card_));
  return set;
}

}  // namespace slipway
