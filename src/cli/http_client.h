// HttpClient: asks a server, for verbs that talk to one. One connection, kept open.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace slipway {

struct HttpReply {
  int status = 0;
  std::string body;
};

// Not thread-safe.
class HttpClient {
 public:
  // `base`: "http://host:port"; a missing scheme is http. `timeout_ms`: of one request.
  explicit HttpClient(std::string base, int64_t timeout_ms = 10000);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Any answer is a reply; unavailable when there is none, with what to check.
  Result<HttpReply> get(const std::string& path);
  Result<HttpReply> post(const std::string& path, const std::string& body);

 private:
  struct Handle;
  Result<HttpReply> perform(const std::string& path, const std::string* body);
  std::string base_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace slipway
