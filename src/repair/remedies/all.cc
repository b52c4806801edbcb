// The list of cards, written by the build from the files in this folder.
#include "repair/remedies/all.h"

#include "base/card_list.h"
#include "base/cards.h"
#include "repair/remedies/cards.inc"

namespace slipway {

DECLARE_CARDS(Remedy, remedy_)

namespace {

const Cards<Remedy>& remedies() {
  static const Cards<Remedy> cards("remedy", CARD_LIST(Remedy, remedy_));
  return cards;
}

}  // namespace

std::span<const Remedy* const> all_remedies() { return remedies().all(); }

const Remedy* find_remedy(std::string_view name) { return remedies().find(name); }

}  // namespace slipway
