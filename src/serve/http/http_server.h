// HttpServer: HTTP/1.1 on sockets, one event loop per thread; a handler answers now or later, from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "serve/batcher.h"

namespace slipway {

// One request. Views of `body` live until the exchange is answered.
struct HttpRequest {
  std::string method;  // "GET", "POST", …; HEAD arrives as GET
  std::string target;  // as sent: path and query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;

  std::string_view path() const;   // the target up to '?'
  std::string_view query() const;  // behind '?'
  // The value of a header, names compared without case; "" when it is absent.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// A connection that waits for the answer to its request.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  virtual const HttpRequest& request() const = 0;
  virtual EventLoop& loop() = 0;
  virtual void respond(HttpResponse response) = 0;
};

// A request and the duty to answer it, once, from any thread. An exchange that is dropped is answered with 500.
class HttpExchange {
 public:
  explicit HttpExchange(std::shared_ptr<HttpConnection> connection) : connection_(std::move(connection)) {}
  ~HttpExchange();
  HttpExchange(HttpExchange&&) = default;
  HttpExchange& operator=(HttpExchange&&) = delete;

  // Requires (both): respond() was not called.
  const HttpRequest& request() const { return connection_->request(); }
  EventLoop& loop() { return connection_->loop(); }
  void respond(HttpResponse response) { std::exchange(connection_, nullptr)->respond(std::move(response)); }

 private:
  std::shared_ptr<HttpConnection> connection_;
};

// Called on the event loop that read the request. Must not block for long.
using HttpHandler = std::function<void(HttpExchange)>;

struct HttpOptions {
  std::string address = "0.0.0.0";
  uint16_t port = 0;  // 0: any free one
  int threads = 0;    // event loops; 0: as many as cores
  uint64_t body_limit = uint64_t{64} << 20;
  int idle_timeout_s = 75;      // between requests of a connection
  int request_timeout_s = 30;   // for a request's head, and without a byte of its body
  int max_connections = 10000;  // further ones wait to be accepted
};

class HttpServer {
 public:
  // Listens and serves on threads of its own. unavailable names address and port and what the system said.
  static Result<std::unique_ptr<HttpServer>> start(const HttpOptions& options, HttpHandler handler);
  // Drains without patience.
  virtual ~HttpServer() = default;

  virtual uint16_t port() const = 0;
  virtual int64_t connections() const = 0;
  // Accepts nothing new, answers what is under way with "Connection: close", and returns when the last connection is
  // gone; those that are not after `grace` are cut. Idempotent. Not from a handler.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

// `text` with %41 sequences decoded; malformed ones are kept as they are.
std::string percent_decode(std::string_view text);

// {"error": message} with a status.
HttpResponse error_response(int status, std::string_view message);

}  // namespace slipway
