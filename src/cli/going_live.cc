// The rule of going live.
#include "cli/going_live.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway {

Result<GoingLive> going_live(const Store& store, const std::string& name, bool tested, bool asked) {
  if (tested || asked) return GoingLive{};
  const std::vector<std::string> models = TRY(store.models());
  if (std::ranges::find(models, name) == models.end()) return GoingLive{};
  const int64_t production = TRY(store.state(name)).production;
  return GoingLive{production == 0, production};
}

std::string stays_text(const GoingLive& live, const std::string& store, const std::string& name, int64_t version) {
  return fmt::format(
      "version {} stays in production, since version {} was not tested; to promote it: slipway store promote {} {} {}",
      live.stays, version, store, name, version);
}

}  // namespace slipway
