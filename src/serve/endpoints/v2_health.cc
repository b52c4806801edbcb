// GET /v2/health/live and /v2/health/ready: whether the process lives, and whether it takes new work.
#include "serve/endpoint.h"

namespace slipway {

namespace {

void handle(EndpointContext& context, EndpointCall call) {
  bool live = call.exchange.request().path().ends_with("live");
  bool ready = live || !context.draining.load(std::memory_order_relaxed);
  HttpResponse response{.status = ready ? 200 : 400};
  if (ready) response.body = live ? R"({"live":true})" : R"({"ready":true})";
  call.exchange.respond(std::move(response));
}

}  // namespace

ENDPOINT(v2_health) = {
    .name = "v2_health",
    .doc = "Liveness and readiness of the server.",
    .routes = {{{"GET", "/v2/health/live"}, {"GET", "/v2/health/ready"}}},
    .handle = handle,
};

}  // namespace slipway
