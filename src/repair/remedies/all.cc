// The list of cards, written by the build from the files in this folder.
#include "repair/remedies/all.h"

namespace slipway {

#define CARD(id) extern const Remedy remedy_##id;
#include "repair/remedies/cards.inc"
#undef CARD

std::span<const Remedy* const> all_remedies() {
  static const Remedy* const cards[] = {
#define CARD(id) &remedy_##id,
#include "repair/remedies/cards.inc"
#undef CARD
  };
  return cards;
}

const Remedy* find_remedy(std::string_view name) {
  for (const Remedy* r : all_remedies()) {
    if (r->name == name) return r;
  }
  return nullptr;
}

}  // namespace slipway
