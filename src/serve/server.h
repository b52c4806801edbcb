// Server: the model manager, the endpoints and HTTP wired together.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "base/clock.h"
#include "serve/endpoint.h"
#include "serve/http/http_server.h"
#include "serve/inference.h"
#include "serve/model_manager.h"
#include "serve/servable.h"

namespace slipway {

// Turns a version of the source into an engine.
using ModelLoader = std::function<Result<LoadedModel>(const std::string& model, int64_t version)>;

struct ServerOptions {
  HttpOptions http;
  BatchingOptions batch;
  ManagerOptions manager;
  int worker_threads = 0;      // for long runs; 0: as many as cores
  int64_t timeout_ms = 30000;  // of a request without a deadline of its own; 0: none
  int64_t drain_ms = 25000;    // how long stop() waits for answers: less than the 30 s after which Kubernetes kills
  uint64_t answer_limit = uint64_t{256} << 20;  // bytes of one answer's body
};

// Answers requests beyond the endpoint cards, e.g. /v1/alarms. Called on an event loop: must not block for long.
using RouteHandler = std::function<HttpResponse(const HttpRequest&)>;

// Thread-safe.
class Server {
 public:
  // Takes the port, loads what the source wants served, then listens. Versions that do not load are told by
  // models().status(). Requires: `source` outlives the server. `sink` may be empty.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, VersionSource* source, ModelLoader loader,
                                               ObservationSink sink = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Answers `method` requests to exactly `path` (query not counted), before any card is asked.
  void add_route(const std::string& method, const std::string& path, RouteHandler handler);

  uint16_t port() const { return http_->port(); }
  ModelManager& models() { return *models_; }
  ServerMetrics& metrics() { return metrics_; }
  Inference& inference() { return *inference_; }

  // Refuses new connections, finishes what is under way, frees the models. Idempotent.
  void stop();

 private:
  explicit Server(ServerOptions options);
  Status take_port();
  void handle(HttpExchange exchange);
  // Unpacks the body and dispatches the request on a thread of its own, so that the loop goes on with other requests.
  void read_aside(HttpExchange exchange, int64_t start_ns);
  void dispatch(HttpExchange exchange, CallOrigin origin);
  const RouteHandler* find_route(const HttpRequest& request) const;
  // The methods of a path that was not routed.
  std::string allowed(const HttpRequest& request, const Routed& routed) const;

  const ServerOptions options_;
  SystemClock clock_;
  ServerMetrics metrics_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<ModelManager> models_;
  std::unique_ptr<Inference> inference_;
  std::atomic<bool> draining_{false};
  std::unique_ptr<EndpointContext> context_;
  mutable std::shared_mutex routes_mutex_;
  std::map<std::string, RouteHandler, std::less<>> routes_;  // by "GET /v1/alarms"; never removed
  std::unique_ptr<HttpServer> http_;
  std::atomic<bool> cut_{false};         // nobody waits for answers any more
  std::unique_ptr<WorkerPool> readers_;  // of large bodies; ends first, since its tasks use the rest
};

}  // namespace slipway
