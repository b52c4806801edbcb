// POST /v2/repository/index: every model and version, and whether it answers (Triton's model repository extension).
#include "base/json.h"
#include "serve/endpoint.h"
#include "serve/v2_reply.h"

namespace slipway {

namespace {

std::string_view state_word(VersionState state) {
  switch (state) {
    case VersionState::available: return "READY";
    case VersionState::start:
    case VersionState::loading: return "LOADING";
    case VersionState::unloading: return "UNLOADING";
    case VersionState::unknown:
    case VersionState::end: return "UNAVAILABLE";
  }
  __builtin_unreachable();
}

Json index_of(const ModelManager& models, bool only_ready) {
  Json list = Json::array();
  for (const std::string& name : models.models()) {
    for (const VersionStatus& version : models.status(name)) {
      if (only_ready && version.state != VersionState::available) continue;
      list.push(Json::object({{"name", name},
                              {"version", std::to_string(version.version)},
                              {"state", state_word(version.state)},
                              {"reason", version.error.message()}}));
    }
  }
  return list;
}

// {"ready": true} asks for those that answer; no body for all.
void handle(EndpointContext& context, EndpointCall call) {
  bool only_ready = false;
  if (const std::string_view body = call.exchange.request().body; !body.empty()) {
    const Result<Json> json = Json::parse(body);
    const bool fits = json.ok() && json->is_object() && ((*json)["ready"].is_null() || (*json)["ready"].is_bool());
    if (!fits) {
      call.exchange.respond(
          v2_error(invalid("expected {\"ready\": true} for the models that answer, or no body for all")));
      return;
    }
    only_ready = (*json)["ready"].as_bool();
  }
  call.exchange.respond({.body = index_of(context.inference.models(), only_ready).dump()});
}

}  // namespace

ENDPOINT(v2_repository_index) = {
    .name = "v2_repository_index",
    .doc = "All models and versions with their states.",
    .routes = {{{"POST", "/v2/repository/index"}}},
    .handle = handle,
};

}  // namespace slipway
