// Going live: deciding whether a published version becomes production, and saying why it does not.
#include "cli/going_live.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/same_requests.h"
#include "formats/onnx.h"

namespace slipway {

Result<GoingLive> going_live(const Store& store, const std::string& name, const Graph& model, bool tested, bool asked) {
  if (asked) return GoingLive{};
  const std::vector<std::string> models = TRY(store.models());
  if (std::ranges::find(models, name) == models.end()) return GoingLive{};
  const int64_t production = TRY(store.state(name)).production;
  if (production == 0) return GoingLive{};
  GoingLive live{.promote = tested, .stays = tested ? 0 : production, .refused = {}};
  const Result<std::string> bytes = store.read(name, production, "model.onnx");
  const Result<Graph> served =
      bytes.ok() ? read_onnx(*bytes, store.path(name, production)) : Result<Graph>(bytes.status());
  if (!served.ok()) return live;  // whatever takes the place of a damaged one
  live.refused = other_requests(*served, model);
  return live.refused.empty() ? live : GoingLive{false, production, live.refused};
}

std::string stays_text(const GoingLive& live, const std::string& store, const std::string& name, int64_t version) {
  const std::string why =
      live.refused.empty() ? fmt::format("version {} was not tested", version)
                           : fmt::format("version {} would refuse what clients send to it: {}", version, live.refused);
  return fmt::format("version {} stays in production, since {}; to promote it: slipway store promote {} {} {}",
                     live.stays, why, store, name, version);
}

}  // namespace slipway
