// Server: start, dispatch, stop.
#include "serve/server.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

namespace slipway {

namespace {

int or_cores(int threads) {
  return threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

HttpResponse refusal(int status, const HttpRequest& request) {
  if (status == 400)
    return error_response(400, fmt::format("Malformed request: {} {}", request.method, request.path()));
  if (status == 405) return error_response(405, "Method Not Allowed");
  return error_response(404, "Not Found");
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
    LoadedModel loaded = TRY(loader(model, version));
    return Servable::create(model, version, std::move(loaded.session), shared, std::move(loaded.classes));
  };
  server->models_ =
      std::make_unique<ModelManager>(source, make, server->options_.manager, &server->clock_, &server->metrics_);
  server->inference_ = std::make_unique<Inference>(*server->models_, server->metrics_, server->clock_, std::move(sink));
  server->context_ = std::make_unique<EndpointContext>(EndpointContext{
      *server->inference_, server->metrics_, server->draining_, server->options_.timeout_ms * 1'000'000});
  RETURN_IF_ERROR(server->models_->start());
  RETURN_IF_ERROR(server->listen());
  return server;
}

Status Server::listen() {
  http_ = TRY(HttpServer::start(options_.http, [this](HttpExchange exchange) { handle(std::move(exchange)); }));
  metrics_.add_source([this](std::string& out) {
    append_metric(out, "slipway_http_connections", "gauge", "Open HTTP connections.",
                  static_cast<double>(http_->connections()));
  });
  return {};
}

void Server::stop() {
  draining_.store(true, std::memory_order_relaxed);
  if (http_) http_->stop(std::chrono::milliseconds(options_.drain_ms));
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

void Server::handle(HttpExchange exchange) {
  CallOrigin origin{.start_ns = clock_.steady_ns(), .loop = &exchange.loop()};
  const HttpRequest& request = exchange.request();
  if (const RouteHandler* handler = find_route(request)) return exchange.respond((*handler)(request));
  Routed routed = route(all_endpoints(), request.method, request.path());
  if (routed.endpoint == nullptr) return exchange.respond(refusal(routed.refusal, request));
  origin.endpoint_id = routed.id;
  origin.endpoint = routed.endpoint->name;
  routed.endpoint->handle(*context_, {std::move(exchange), std::move(routed.path), origin});
}

}  // namespace slipway
