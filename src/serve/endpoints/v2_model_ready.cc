// GET /v2/models/M/ready: whether a model version answers inference requests.
#include "serve/endpoint.h"
#include "serve/v2_reply.h"

namespace slipway {

namespace {

void handle(EndpointContext& context, EndpointCall call) {
  Result<std::shared_ptr<Servable>> servable = v2_find(context.inference.models(), call.path);
  call.exchange.respond(servable.ok() ? HttpResponse{} : error_response(400, "Model version not ready"));
}

}  // namespace

ENDPOINT(v2_model_ready) = {
    .name = "v2_model_ready",
    .doc = "Readiness of a model version.",
    .routes = {{{"GET", "/v2/models/{model}/ready"}, {"GET", "/v2/models/{model}/versions/{version}/ready"}}},
    .handle = handle,
};

}  // namespace slipway
