// The list of passes, written by the build from the files in this folder.
#include "optimize/pass.h"

namespace slipway {

#define CARD(id) extern const Pass pass_##id;
#include "optimize/cards.inc"
#undef CARD

const std::vector<const Pass*>& all_passes() {
  static const std::vector<const Pass*> passes = {
#define CARD(id) &pass_##id,
#include "optimize/cards.inc"
#undef CARD
  };
  return passes;
}

const Pass* find_pass(std::string_view name) {
  for (const Pass* pass : all_passes()) {
    if (name == pass->name) return pass;
  }
  return nullptr;
}

}  // namespace slipway
