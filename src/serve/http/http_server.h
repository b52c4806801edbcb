// HttpServer: HTTP/1.1 on sockets, one event loop per thread; a handler answers now or later, from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
  // Packed (gzip, deflate) when the request's Accept-Encoding asks for it and the body is not small.
  virtual void respond(HttpResponse response) = 0;
  // Unpacks a body that came with a Content-Encoding; an answer when that cannot be done. May take long.
  virtual std::optional<HttpResponse> decode_body() = 0;
  // Gives the body's memory back before the answer is there.
  virtual void release_body() = 0;
  // One of the few that are accepted beyond the limit, while the others are all at work: for health checks.
  virtual bool spare() const = 0;
};

// A request and the duty to answer it, once, from any thread. An exchange that is dropped is answered with 500.
class HttpExchange {
 public:
  explicit HttpExchange(std::shared_ptr<HttpConnection> connection) : connection_(std::move(connection)) {}
  ~HttpExchange();
  HttpExchange(HttpExchange&&) = default;
  HttpExchange& operator=(HttpExchange&&) = delete;

  // Requires (all): respond() was not called.
  const HttpRequest& request() const { return connection_->request(); }
  EventLoop& loop() { return connection_->loop(); }
  bool spare() const { return connection_->spare(); }
  std::optional<HttpResponse> decode_body() { return connection_->decode_body(); }
  // Requires: no view of the body is used any more.
  void release_body() { connection_->release_body(); }
  void respond(HttpResponse response) { std::exchange(connection_, nullptr)->respond(std::move(response)); }

 private:
  std::shared_ptr<HttpConnection> connection_;
};

// Called on the event loop that read the request. Must not block for long.
using HttpHandler = std::function<void(HttpExchange)>;

struct HttpOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;                         // 0: any free one
  int threads = 0;                           // event loops; 0: as many as cores
  std::string allow_origin;                  // Access-Control-Allow-Origin of every answer; empty: none
  uint64_t body_limit = uint64_t{64} << 20;  // of one body, unpacked
  uint64_t body_memory = uint64_t{1} << 30;  // of all bodies under way; further bytes are refused with 503
  int idle_timeout_s = 75;                   // between requests of a connection
  int request_timeout_s = 30;                // for a request's head, and without a byte of its body
  int64_t body_rate =
      500;  // bytes per second that a body comes with at least, after the first request_timeout_s; 0: any
  int max_connections = 10000;  // near it the slowest are closed; a few more, for GET while all of them are at work
};

class HttpServer {
 public:
  // Takes the port and serves nobody yet. unavailable names address and port and what the system said.
  static Result<std::unique_ptr<HttpServer>> bind(const HttpOptions& options, HttpHandler handler);
  // Both.
  static Result<std::unique_ptr<HttpServer>> start(const HttpOptions& options, HttpHandler handler);
  // Drains without patience.
  virtual ~HttpServer() = default;

  // Listens and serves on threads of its own. Once.
  virtual Status serve() = 0;
  virtual uint16_t port() const = 0;
  virtual int64_t connections() const = 0;
  // Connections closed to make room for others, so far.
  virtual int64_t evicted() const = 0;
  // Bytes of bodies under way.
  virtual uint64_t body_bytes() const = 0;
  // Accepts nothing new, answers what is under way with "Connection: close", drops within seconds what has not sent
  // its request and does not get on with it, and returns when the last connection is gone; those that are not after
  // `grace` are cut. Idempotent. Not from a handler.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

// `text` with %41 sequences decoded; malformed ones are kept as they are.
std::string percent_decode(std::string_view text);

// {"error": message} with a status; 429 and 503 say when to try again.
HttpResponse error_response(int status, std::string_view message);

}  // namespace slipway
