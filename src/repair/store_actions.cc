// Rollback and recipes by the store.
#include "repair/store_actions.h"

#include <fmt/format.h>

namespace slipway {

Result<int64_t> StoreActions::roll_back(const std::string& model, int64_t version, const std::string& reason) {
  const ModelState state = TRY(store_.state(model));
  if (state.production != version) {
    return failed_precondition(fmt::format("{}: version {} was to be rolled back, but version {} is production now",
                                           model, version, state.production));
  }
  return store_.rollback(model, reason);
}

std::string StoreActions::recipe(const std::string& model, int64_t version) {
  auto manifest = store_.manifest(model, version);
  return manifest.ok() ? manifest->lineage.recipe : "";
}

}  // namespace slipway
