// Connection: the life of a socket from accept to close.
#include "serve/http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <cstring>
#include <exception>

#include <fmt/format.h>

namespace slipway::http {

namespace {

constexpr size_t kFirstBuffer = 16 << 10;
constexpr size_t kBodyBuffer = 256 << 10;
constexpr uint32_t kHeaderLimit = 64 << 10;
constexpr size_t kKeptBody = 1 << 20;    // memory a connection keeps between requests
constexpr uint64_t kReserve = 16 << 20;  // of a body whose length is only claimed so far
constexpr int64_t kLingerSeconds = 3;

std::string text(beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

RequestParser::RequestParser(HttpRequest& request, std::string& body, uint64_t body_limit)
    : request_(request), body_(body) {
  request_.method.clear();
  request_.target.clear();
  request_.headers.clear();
  request_.body = {};
  body_.clear();
  this->body_limit(body_limit);
  this->header_limit(kHeaderLimit);
  this->eager(true);
}

void RequestParser::on_request_impl(beast::http::verb verb, View method, View target, int version, Error&) {
  version_ = version;
  head_ = verb == beast::http::verb::head;
  request_.method = head_ ? "GET" : text(method);
  request_.target = text(target);
}

void RequestParser::on_field_impl(beast::http::field, View name, View value, Error&) {
  request_.headers.emplace_back(text(name), text(value));
}

void RequestParser::on_body_init_impl(const boost::optional<uint64_t>& length, Error&) {
  if (length) length_ = *length;
}

size_t RequestParser::on_body_impl(View piece, Error&) {
  if (body_.empty() && length_ && piece.size() == *length_) {
    request_.body = {piece.data(), piece.size()};
    return piece.size();
  }
  if (body_.empty() && length_) body_.reserve(std::min(*length_, kReserve));
  body_.append(piece.data(), piece.size());
  request_.body = body_;
  return piece.size();
}

size_t RequestParser::on_chunk_body_impl(uint64_t, View piece, Error&) {
  body_.append(piece.data(), piece.size());
  request_.body = body_;
  return piece.size();
}

Connection::Connection(Socket socket, std::shared_ptr<Loop> loop)
    : loop_(std::move(loop)), socket_(std::move(socket)) {}

void Connection::start() {
  Error ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  buffer_.resize(kFirstBuffer);
  last_active_ = loop_->seconds();
  parser_.emplace(request_, body_, loop_->options().body_limit);
  process();
}

bool Connection::idle() const { return phase_ == Phase::reading && begin_ == end_ && !parser_->got_some(); }

void Connection::release_memory(size_t keep) {
  if (body_.capacity() > keep) std::string().swap(body_);
  if (answer_.capacity() > keep) std::string().swap(answer_);
  if (begin_ == end_ && buffer_.size() > std::max(keep, kFirstBuffer)) {
    buffer_ = std::vector<char>(kFirstBuffer);
    begin_ = end_ = 0;
  }
}

void Connection::check_time() {
  int64_t silent = loop_->seconds() - last_active_;
  const HttpOptions& options = loop_->options();
  if (phase_ == Phase::answering) return;  // the model's time, bounded by deadlines
  if (phase_ == Phase::lingering) {
    if (silent >= kLingerSeconds || loop_->draining()) close();
  } else if (idle()) {
    Error ignored;
    bool silent_end = loop_->draining() && socket_.available(ignored) == 0;
    if (silent_end || silent >= options.idle_timeout_s) close();
  } else if (silent >= options.request_timeout_s || head_is_late()) {
    if (phase_ == Phase::writing) return close();
    keep_alive_ = false;
    send(error_response(408, fmt::format("the request did not arrive within {} s", options.request_timeout_s)));
  }
}

// A client may send the head byte by byte for only so long; a body takes what it takes.
bool Connection::head_is_late() const {
  if (phase_ != Phase::reading || parser_->is_header_done()) return false;
  return loop_->seconds() - begun_ >= loop_->options().request_timeout_s;
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  Error ignored;
  socket_.close(ignored);
  loop_->forget(*this);
}

void Connection::process() {
  again_ = true;
  if (processing_) return;
  processing_ = true;
  while (again_ && phase_ == Phase::reading) {
    again_ = false;
    step();
  }
  processing_ = false;
}

void Connection::step() {
  if (!parse()) return;
  if (parser_->is_done()) return dispatch();
  if (parser_->is_header_done() && !continued_ && !send_continue()) return close();
  read_more();
}

// False when the request was refused.
bool Connection::parse() {
  while (begin_ != end_ && !parser_->is_done()) {
    bool blank = buffer_[begin_] == '\r' || buffer_[begin_] == '\n';
    if (blank && !parser_->got_some()) {  // RFC 9112, 2.2: empty lines before a request are ignored
      ++begin_;
      continue;
    }
    Error error;
    if (!parser_->got_some()) begun_ = loop_->seconds();
    size_t used = parser_->put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
    begin_ += used;
    if (error && error != beast::http::error::need_more) {
      refuse(error);
      return false;
    }
    if (used == 0) break;
  }
  return true;
}

void Connection::refuse(const Error& error) {
  keep_alive_ = false;
  if (error == beast::http::error::body_limit) {
    std::string_view length = request_.header("Content-Length");
    send(error_response(
        413, fmt::format("the request body{} is larger than the limit of {} bytes; send fewer rows at a time, "
                         "or start the server with a larger --body-limit",
                         length.empty() ? "" : fmt::format(" of {} bytes", length), loop_->options().body_limit)));
  } else if (error == beast::http::error::header_limit) {
    send(error_response(431, fmt::format("the request's headers are larger than the limit of {} bytes", kHeaderLimit)));
  } else {
    constexpr char kTlsHandshake = 0x16;
    bool tls = begin_ < end_ && buffer_[begin_] == kTlsHandshake;
    send(error_response(400, fmt::format("malformed HTTP request: {}; expected {}", error.message(),
                                         tls ? "HTTP, found TLS: use http:// or put a TLS proxy in front"
                                             : "HTTP/1.1, such as GET /v1/models/NAME HTTP/1.1")));
  }
}

// The client has said all it will and may still listen.
void Connection::refuse_cut_off() {
  keep_alive_ = false;
  auto left = parser_->is_header_done() ? parser_->content_length_remaining() : boost::none;
  std::string missing = left ? fmt::format("; {} bytes of its body are missing", *left) : "";
  send(error_response(400, fmt::format("the request was cut off{}; send all that Content-Length says", missing)));
}

// Tells a client that waits for it to send the body; false when the socket is broken.
bool Connection::send_continue() {
  continued_ = true;
  std::string_view expect = request_.header("Expect");
  if (!beast::iequals(beast::string_view(expect.data(), expect.size()), "100-continue")) return true;
  constexpr std::string_view kLine = "HTTP/1.1 100 Continue\r\n\r\n";
  Error error;
  return socket_.write_some(asio::buffer(kLine), error) == kLine.size();
}

void Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (parser_->is_header_done() && buffer_.size() < kBodyBuffer) {
    auto remaining = parser_->content_length_remaining();
    if (!remaining || *remaining > buffer_.size()) buffer_.resize(kBodyBuffer);
  }
  if (end_ < buffer_.size()) return;
  if (begin_ == 0) {
    buffer_.resize(buffer_.size() * 2);
  } else {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
}

void Connection::read_more() {
  make_room();
  socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                          [self = shared_from_this()](const Error& error, size_t size) { self->on_read(error, size); });
}

void Connection::on_read(const Error& error, size_t size) {
  if (phase_ == Phase::closed) return;
  if (error == asio::error::eof && phase_ == Phase::reading && parser_->got_some()) return refuse_cut_off();
  if (error) return close();
  last_active_ = loop_->seconds();
  if (phase_ != Phase::reading) return;  // a timeout was answered meanwhile
  end_ += size;
  process();
}

void Connection::dispatch() {
  phase_ = Phase::answering;
  keep_alive_ = parser_->keep_alive() && !loop_->draining();
  is_head_ = parser_->is_head();
  try {
    loop_->handler()(HttpExchange(shared_from_this()));
  } catch (const std::exception&) {
    // The exchange died on the way and was answered with 500.
  }
}

void Connection::respond(HttpResponse response) {
  if (loop_->on_own_thread()) return send(std::move(response));
  if (loop_->stopped()) return;
  asio::post(loop_->io(), [self = shared_from_this(), response = std::move(response)]() mutable {
    self->send(std::move(response));
  });
}

void Connection::compose_head(const HttpResponse& response) {
  auto reason = beast::http::obsolete_reason(static_cast<beast::http::status>(response.status));
  keep_alive_ = keep_alive_ && !loop_->draining();
  head_.clear();
  fmt::format_to(std::back_inserter(head_), "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nDate: {}\r\n",
                 response.status, std::string_view(reason.data(), reason.size()), response.content_type,
                 response.body.size(), loop_->date());
  for (const auto& [name, value] : response.headers)
    fmt::format_to(std::back_inserter(head_), "{}: {}\r\n", name, value);
  bool old = parser_->version() < 11;
  if (!keep_alive_) {
    head_ += "Connection: close\r\n";
  } else if (old) {
    head_ += "Connection: keep-alive\r\n";
  }
  head_ += "\r\n";
}

void Connection::send(HttpResponse response) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::writing;
  compose_head(response);
  answer_ = std::move(response.body);
  if (is_head_) answer_.clear();
  std::array<asio::const_buffer, 2> parts = {asio::buffer(head_), asio::buffer(answer_)};
  Error error;
  written_ = socket_.write_some(parts, error);
  if (error && error != asio::error::would_block) return close();
  write_rest();
}

void Connection::write_rest() {
  last_active_ = loop_->seconds();
  if (written_ == head_.size() + answer_.size()) return finish_answer();
  size_t of_head = std::min(written_, head_.size());
  std::array<asio::const_buffer, 2> parts = {asio::buffer(head_) + of_head,
                                             asio::buffer(answer_) + (written_ - of_head)};
  socket_.async_write_some(parts, [self = shared_from_this()](const Error& error, size_t size) {
    if (self->phase_ != Phase::writing) return;
    if (error) return self->close();
    self->written_ += size;
    self->write_rest();
  });
}

void Connection::finish_answer() {
  is_head_ = false;
  if (!keep_alive_) {
    Error ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    phase_ = Phase::lingering;
    return linger();
  }
  phase_ = Phase::reading;
  continued_ = false;
  release_memory(kKeptBody);
  parser_.emplace(request_, body_, loop_->options().body_limit);
  process();
}

// Reads on until the client closes, so that it gets the answer before a reset.
void Connection::linger() {
  socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](const Error& error, size_t) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close();
    self->linger();
  });
}

}  // namespace slipway::http
