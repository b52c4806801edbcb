// The list of passes, written by the build from the files in this folder.
#include "optimize/pass.h"

#include "base/cards.h"

namespace slipway {

#define CARD(id) extern const Pass pass_##id;
#include "optimize/cards.inc"
#undef CARD

namespace {

const Cards<Pass>& passes() {
  static const Cards<Pass> cards("pass", {
#define CARD(id) &pass_##id,
#include "optimize/cards.inc"
#undef CARD
                                         });
  return cards;
}

}  // namespace

const std::vector<const Pass*>& all_passes() { return passes().all(); }

const Pass* find_pass(std::string_view name) { return passes().find(name); }

}  // namespace slipway
