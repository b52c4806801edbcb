// RequestParser: Beast's callbacks, and the checks of a whole head.
#include "serve/http/request_parser.h"

#include <boost/beast/http/error.hpp>

#include <fmt/format.h>

#include "serve/http/coding.h"

namespace slipway::http {

namespace {

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

bool same(std::string_view a, std::string_view b) {
  return beast::iequals(beast::string_view(a.data(), a.size()), beast::string_view(b.data(), b.size()));
}

std::optional<Refusal> check_host(const HttpRequest& request, int version) {
  int hosts = 0;
  bool spaced = false;
  for (const auto& [name, value] : request.headers) {
    if (!same(name, "Host")) continue;
    ++hosts;
    spaced = spaced || value.find_first_of(" \t,/@") != std::string::npos;
  }
  if (hosts == 0 && version >= 11) return Refusal{400, "the request has no Host header; HTTP/1.1 requires one"};
  if (hosts > 1) return Refusal{400, fmt::format("the request has {} Host headers; send one", hosts)};
  if (spaced) return Refusal{400, "the Host header is no host name; expected name or name:port"};
  return std::nullopt;
}

std::optional<Refusal> check_transfer_coding(const HttpRequest& request, int version) {
  for (const auto& [name, value] : request.headers) {
    if (!same(name, "Transfer-Encoding")) continue;
    if (version < 11) return Refusal{400, "Transfer-Encoding needs HTTP/1.1; send Content-Length"};
    if (same(value, "chunked")) continue;
    return Refusal{501,
                   fmt::format("Transfer-Encoding \"{}\" is not known; expected chunked (a compressed body is told "
                               "by Content-Encoding)",
                               value.substr(0, 64))};
  }
  return std::nullopt;
}

std::optional<Refusal> check_content_coding(const HttpRequest& request) {
  std::string_view coding = request.header("Content-Encoding");
  if (content_coding(coding)) return std::nullopt;
  return Refusal{415, fmt::format("Content-Encoding \"{}\" is not known; expected gzip, deflate or identity",
                                  coding.substr(0, 64))};
}

}  // namespace

std::optional<Refusal> check_head(const HttpRequest& request, int version) {
  if (auto refusal = check_host(request, version)) return refusal;
  if (auto refusal = check_transfer_coding(request, version)) return refusal;
  return check_content_coding(request);
}

std::string origin_form(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !same(target.substr(0, scheme.size()), scheme)) continue;
    size_t path = target.find_first_of("/?", scheme.size());
    if (path == std::string_view::npos) return "/";
    return (target[path] == '?' ? "/" : "") + std::string(target.substr(path));
  }
  return std::string(target);
}

bool has_folded_line(std::string_view head) {
  for (size_t begin = 0; begin < head.size();) {
    if (begin > 0 && (head[begin] == ' ' || head[begin] == '\t')) return true;
    size_t end = head.find('\n', begin);
    if (end == std::string_view::npos || end - begin <= 1) return false;  // an empty line ends the head
    begin = end + 1;
  }
  return false;
}

RequestParser::RequestParser(HttpRequest& request, Body& body, uint64_t body_limit) : request_(request), body_(body) {
  request_.method.clear();
  request_.target.clear();
  request_.headers.clear();
  request_.body = {};
  this->body_limit(body_limit);
  this->header_limit(kHeaderLimit);
  this->eager(true);
}

void RequestParser::on_request_impl(beast::http::verb verb, View method, View target, int version, Error&) {
  version_ = version;
  head_ = verb == beast::http::verb::head;
  request_.method = head_ ? "GET" : text(method);
  request_.target = origin_form({target.data(), target.size()});
}

void RequestParser::on_field_impl(beast::http::field, View name, View value, Error&) {
  request_.headers.emplace_back(text(name), text(value));
}

void RequestParser::on_header_impl(Error& error) {
  refusal_ = check_head(request_, version_);
  if (refusal_) error = beast::http::error::bad_value;
}

void RequestParser::on_body_init_impl(const boost::optional<uint64_t>& length, Error&) {
  if (length) length_ = *length;
}

size_t RequestParser::keep(View piece, Error& error) {
  if (!body_.append({piece.data(), piece.size()})) {
    refusal_ = Refusal{503, std::string(kNoRoom)};
    error = beast::http::error::body_limit;
    return 0;
  }
  request_.body = body_.view();
  return piece.size();
}

size_t RequestParser::on_body_impl(View piece, Error& error) {
  body_bytes_ += piece.size();
  if (body_.empty() && length_ && piece.size() == *length_) {
    request_.body = {piece.data(), piece.size()};
    return piece.size();
  }
  return keep(piece, error);
}

size_t RequestParser::on_chunk_body_impl(uint64_t, View piece, Error& error) {
  body_bytes_ += piece.size();
  return keep(piece, error);
}

}  // namespace slipway::http
