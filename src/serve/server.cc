// Server: start, dispatch, stop.
#include "serve/server.h"
#include "base/cores.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway {

namespace {

int or_cores(int threads) { return threads > 0 ? threads : usable_cores(); }

constexpr size_t kReadAside = 256 << 10;  // larger bodies are parsed off the event loop: from about 1 ms on

HttpResponse refusal(const Routed& routed, const HttpRequest& request, const std::string& allow) {
  HttpResponse response;
  if (routed.refusal == 400) {
    response = error_response(400, fmt::format("Malformed request: {} {}", request.method, request.path()));
  } else {
    response = allow.empty() ? error_response(404, "Not Found") : error_response(405, "Method Not Allowed");
  }
  if (!allow.empty()) response.headers.emplace_back("Allow", allow);
  return response;
}

// What OPTIONS is answered: as TensorFlow Serving does under /v1/ (http_server.cc), elsewhere 200 for every path that
// there is. Browsers go on only when HttpOptions::allow_origin lets them.
HttpResponse options_answer(const Routed& routed, const HttpRequest& request, const std::string& allow) {
  std::string_view origin = request.header("Origin");
  bool cross = origin.find("http://") != std::string_view::npos || origin.find("https://") != std::string_view::npos;
  HttpResponse response;
  if (routed.refusal == 400 && !cross) {
    response = error_response(400, "Origin header is missing in CORS preflight");
  } else if (allow.empty() && routed.refusal != 400) {
    return error_response(404, "Not Found");
  }
  response.headers.emplace_back("Allow", allow.empty() ? "OPTIONS" : allow);
  response.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET, OPTIONS");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Origin, X-Requested-With, Content-Type, Content-Encoding, Accept, Authorization, "
                                "Inference-Header-Content-Length");
  return response;
}

}  // namespace

Server::Server(ServerOptions options) : options_(std::move(options)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, VersionSource* source, ModelLoader loader,
                                              ObservationSink sink) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  int workers = or_cores(server->options_.worker_threads);
  server->workers_ = std::make_unique<WorkerPool>(workers);
  ServingContext shared{.metrics = &server->metrics_,
                        .workers = server->workers_.get(),
                        .clock = &server->clock_,
                        .batch_metrics = std::make_shared<const BatchMetrics>(server->metrics_),
                        .batch = server->options_.batch};
  shared.batch.concurrency = workers;
  auto make = [shared, loader = std::move(loader)](const std::string& model,
                                                   int64_t version) -> Result<std::shared_ptr<Servable>> {
    return Servable::create(model, version, TRY(loader(model, version)), shared);
  };
  server->models_ =
      std::make_unique<ModelManager>(source, make, server->options_.manager, &server->clock_, &server->metrics_);
  server->inference_ = std::make_unique<Inference>(*server->models_, server->metrics_, server->clock_, std::move(sink));
  server->context_ = std::make_unique<EndpointContext>(
      EndpointContext{*server->inference_, server->metrics_, server->draining_, server->options_.timeout_ms * 1'000'000,
                      server->options_.answer_limit, [s = server.get()](std::function<void()> task) {
                        s->readers_->post([s, task = std::move(task)] {
                          if (!s->cut_.load(std::memory_order_relaxed)) task();
                        });
                      }});
  server->readers_ = std::make_unique<WorkerPool>(or_cores(0));
  RETURN_IF_ERROR(server->take_port());
  RETURN_IF_ERROR(server->models_->start());
  RETURN_IF_ERROR(server->http_->serve());
  return server;
}

Status Server::take_port() {
  http_ = TRY(HttpServer::bind(options_.http, [this](HttpExchange exchange) { handle(std::move(exchange)); }));
  metrics_.add_source([this](std::string& out) {
    append_metric(out, "slipway_http_connections", "gauge", "Open HTTP connections.",
                  static_cast<double>(http_->connections()));
    append_metric(out, "slipway_http_evicted_total", "counter", "Connections closed to make room for others.",
                  static_cast<double>(http_->evicted()));
    append_metric(out, "slipway_http_body_bytes", "gauge", "Bytes of request bodies under way.",
                  static_cast<double>(http_->body_bytes()));
  });
  return {};
}

void Server::stop() {
  draining_.store(true, std::memory_order_relaxed);
  if (http_) http_->stop(std::chrono::milliseconds(options_.drain_ms));
  cut_.store(true, std::memory_order_relaxed);
  if (models_) models_->stop();
}

void Server::add_route(const std::string& method, const std::string& path, RouteHandler handler) {
  std::unique_lock lock(routes_mutex_);
  routes_.insert_or_assign(method + " " + path, std::move(handler));
}

const RouteHandler* Server::find_route(const HttpRequest& request) const {
  std::shared_lock lock(routes_mutex_);
  if (routes_.empty()) return nullptr;
  auto it = routes_.find(fmt::format("{} {}", request.method, request.path()));
  return it == routes_.end() ? nullptr : &it->second;
}

std::string Server::allowed(const HttpRequest& request, const Routed& routed) const {
  std::string allow = routed.allow;
  {
    std::shared_lock lock(routes_mutex_);
    for (const auto& [route, handler] : routes_) {
      size_t space = route.find(' ');
      if (std::string_view(route).substr(space + 1) == request.path()) allow_method(allow, route.substr(0, space));
    }
  }
  if (request.path() == "*") allow = "GET, HEAD, POST";
  return allow.empty() ? allow : allow + ", OPTIONS";
}

void Server::handle(HttpExchange exchange) {
  CallOrigin origin{.start_ns = clock_.steady_ns(), .loop = &exchange.loop()};
  const HttpRequest& request = exchange.request();
  if (exchange.spare() && request.method != "GET") {
    return exchange.respond(error_response(503, "too many connections are open; try again later"));
  }
  if (request.body.size() >= kReadAside || request.has_header("Content-Encoding")) {
    return read_aside(std::move(exchange), origin.start_ns);
  }
  dispatch(std::move(exchange), origin);
}

void Server::read_aside(HttpExchange exchange, int64_t start_ns) {
  auto held = std::make_shared<HttpExchange>(std::move(exchange));
  readers_->post([this, held, start_ns] {
    if (cut_.load(std::memory_order_relaxed)) return;
    if (std::optional<HttpResponse> refused = held->decode_body()) return held->respond(std::move(*refused));
    dispatch(std::move(*held), {.start_ns = start_ns, .loop = nullptr});
  });
}

void Server::dispatch(HttpExchange exchange, CallOrigin origin) {
  const HttpRequest& request = exchange.request();
  if (const RouteHandler* handler = find_route(request)) return exchange.respond((*handler)(request));
  Routed routed = route(all_endpoints(), request.method, request.path());
  if (routed.endpoint == nullptr) {
    std::string allow = allowed(request, routed);
    // A path under /v1/ that is not TensorFlow Serving's has no reason to answer in its words.
    if (routed.allow.empty() && !allow.empty()) routed.refusal = 405;
    return exchange.respond(request.method == "OPTIONS" ? options_answer(routed, request, allow)
                                                        : refusal(routed, request, allow));
  }
  origin.endpoint_id = routed.id;
  origin.endpoint = routed.endpoint->name;
  routed.endpoint->handle(*context_, {std::move(exchange), std::move(routed.path), origin});
}

}  // namespace slipway
