// RequestParser: HTTP/1.x bytes into an HttpRequest, stricter than Beast where requests could be smuggled or misread.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http/body.h"
#include "serve/http/http_server.h"

namespace slipway::http {

namespace beast = boost::beast;
using Error = boost::system::error_code;

// A head may not be larger.
inline constexpr uint32_t kHeaderLimit = 64 << 10;

// Told with 503 when the budget of bodies has no room.
inline constexpr std::string_view kNoRoom =
    "the server holds as many bytes of request bodies as it may (--max-body-memory); try again later";

// Why a request is refused before its body is read.
struct Refusal {
  int status = 400;
  std::string message;
};

// What RFC 9112 asks of a head beyond its grammar: one Host in HTTP/1.1, no transfer coding but chunked, no content
// coding that is not known here. nullopt: nothing is wrong. Pure.
std::optional<Refusal> check_head(const HttpRequest& request, int version);

// "/path?query" of "http://host/path?query", as clients of proxies send it (RFC 9112, 3.2.2); any other target is kept.
std::string origin_form(std::string_view target);

// Whether a header goes on in the next line (obs-fold, RFC 9112, 5.2). `head`: what of a head has not been parsed yet,
// from the beginning of a line on, and perhaps bytes of the body behind it.
bool has_folded_line(std::string_view head);

// Fills an HttpRequest. The body is a view of the bytes given to put() when it came in one piece, else of `body`.
class RequestParser final : public beast::http::basic_parser<true> {
 public:
  RequestParser(HttpRequest& request, Body& body, uint64_t body_limit);
  bool is_head() const { return head_; }
  int version() const { return version_; }  // 10, 11
  // Of the body, as sent.
  uint64_t body_bytes() const { return body_bytes_; }
  // Why put() failed with an error that is not Beast's own; the first one told.
  const std::optional<Refusal>& refusal() const { return refusal_; }
  void refuse(Refusal refusal) { refusal_ = std::move(refusal); }

 private:
  using View = beast::string_view;
  void on_request_impl(beast::http::verb, View method, View target, int, Error&) override;
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(beast::http::field, View name, View value, Error&) override;
  void on_header_impl(Error&) override;
  void on_body_init_impl(const boost::optional<uint64_t>& length, Error&) override;
  size_t on_body_impl(View piece, Error&) override;
  void on_chunk_header_impl(uint64_t, View, Error&) override {}
  size_t on_chunk_body_impl(uint64_t, View piece, Error&) override;
  void on_finish_impl(Error&) override {}
  size_t keep(View piece, Error& error);

  HttpRequest& request_;
  Body& body_;
  std::optional<uint64_t> length_;
  std::optional<Refusal> refusal_;
  uint64_t body_bytes_ = 0;
  bool head_ = false;
  int version_ = 11;
};

}  // namespace slipway::http
