// Endpoint: the card of one thing the server answers; src/serve/endpoints/<id>.cc holds everything about it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "serve/http/http_server.h"
#include "serve/inference.h"
#include "serve/metrics.h"

namespace slipway {

// What endpoints may use. Outlives every call.
struct EndpointContext {
  Inference& inference;
  ServerMetrics& metrics;
  const std::atomic<bool>& draining;
  int64_t timeout_ns;                                // of a request that brings no deadline of its own; 0: none
  uint64_t answer_limit;                             // bytes of one answer's body
  std::function<void(std::function<void()>)> aside;  // goes on with a task off the event loops
};

// What a route's placeholders matched, percent-decoded.
struct PathArguments {
  std::string model;
  std::string version;  // digits; "" when the route has none
  std::string label;
  bool operator==(const PathArguments&) const = default;
};

struct EndpointCall {
  HttpExchange exchange;
  PathArguments path;
  CallOrigin origin;
};

// `path` is matched as a whole; {model} takes one or more bytes but '/' (under /v1/ also no ':'), {label} likewise,
// {version} digits. Paths under /v1/ are matched without case, as TensorFlow Serving does.
struct Route {
  const char* method = nullptr;
  const char* path = nullptr;
};

struct Endpoint {
  const char* name;  // in metrics and observations
  const char* doc;   // one sentence
  std::array<Route, 5> routes;
  void (*handle)(EndpointContext& context, EndpointCall call);
};

// Every endpoint card of the program, by name. The index of a card is its id. Frozen, thread-safe.
std::span<const Endpoint* const> all_endpoints();

// Pure. nullopt when `path` does not match.
std::optional<PathArguments> match_path(std::string_view pattern, std::string_view path);

struct Routed {
  const Endpoint* endpoint = nullptr;
  size_t id = 0;
  PathArguments path;
  int refusal = 404;  // without an endpoint: 404, 405, or 400 under /v1/
  std::string allow;  // without an endpoint: the methods that the path has, as in "GET, HEAD"; "" for an unknown path
};
// Adds a method to a list of them; HEAD comes with GET.
void allow_method(std::string& allow, std::string_view method);

// Pure.
Routed route(std::span<const Endpoint* const> endpoints, std::string_view method, std::string_view path);

}  // namespace slipway

// Opens the card of src/serve/endpoints/<id>.cc: ENDPOINT(tfs_predict) = {.name = "tfs_predict", …};
#define ENDPOINT(id)                              \
  extern const ::slipway::Endpoint endpoint_##id; \
  const ::slipway::Endpoint endpoint_##id
