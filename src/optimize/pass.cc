// The list of passes, written by the build from the files in this folder.
#include "optimize/pass.h"

#include "base/card_list.h"
#include "base/cards.h"
#include "optimize/cards.inc"

namespace slipway {

DECLARE_CARDS(Pass, pass_)

namespace {

const Cards<Pass>& passes() {
  static const Cards<Pass> cards("pass", CARD_LIST(Pass, pass_));
  return cards;
}

}  // namespace

const std::vector<const Pass*>& all_passes() { return passes().all(); }

const Pass* find_pass(std::string_view name) { return passes().find(name); }

}  // namespace slipway
