// GET /v2: the server's name, version and the protocol extensions it speaks.
#include "base/json.h"
#include "serve/endpoint.h"

namespace slipway {

namespace {

void handle(EndpointContext&, EndpointCall call) {
  Json body = Json::object({{"name", "slipway"},
                            {"version", "0.1.0"},
                            {"extensions", Json::array({"classification", "binary_tensor_data", "parameters"})}});
  call.exchange.respond({.body = body.dump()});
}

}  // namespace

ENDPOINT(v2_server_metadata) = {
    .name = "v2_server_metadata",
    .doc = "Name, version and extensions of the server.",
    .routes = {{{"GET", "/v2"}, {"GET", "/v2/"}}},
    .handle = handle,
};

}  // namespace slipway
