// GET /metrics: everything counted, in Prometheus' text format.
#include "serve/endpoint.h"

namespace slipway {

namespace {

void handle(EndpointContext& context, EndpointCall call) {
  call.exchange.respond({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = context.metrics.text()});
}

}  // namespace

ENDPOINT(metrics) = {
    .name = "metrics",
    .doc = "Metrics in Prometheus' text format.",
    .routes = {{{"GET", "/metrics"}, {"GET", "/monitoring/prometheus/metrics"}}},
    .handle = handle,
};

}  // namespace slipway
