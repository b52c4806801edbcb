// The list of cards, written by the build from the files in this folder.
#include "repair/remedies/all.h"

#include "base/cards.h"

namespace slipway {

#define CARD(id) extern const Remedy remedy_##id;
#include "repair/remedies/cards.inc"
#undef CARD

namespace {

const Cards<Remedy>& remedies() {
  static const Cards<Remedy> cards("remedy", {
#define CARD(id) &remedy_##id,
#include "repair/remedies/cards.inc"
#undef CARD
                                             });
  return cards;
}

}  // namespace

std::span<const Remedy* const> all_remedies() { return remedies().all(); }

const Remedy* find_remedy(std::string_view name) { return remedies().find(name); }

}  // namespace slipway
