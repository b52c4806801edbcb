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

#include "serve/http/coding.h"

namespace slipway::http {

namespace {

constexpr size_t kFirstBuffer = 16 << 10;
constexpr size_t kKeptBuffer = 64 << 10;  // memory a connection keeps between requests
constexpr size_t kLargeBuffer = 256 << 10;
constexpr size_t kKeptBody = 256 << 10;
constexpr size_t kLeastPacked = 1 << 10;  // smaller answers are not worth packing
constexpr int64_t kLingerMs = 3000;
constexpr int64_t kFreshMs = 1000;       // so old is what may be closed to make room
constexpr int64_t kStalledMs = 5000;     // so long nobody took a byte of the answer
constexpr int64_t kDrainGraceMs = 2000;  // so long a stop waits for requests that are not whole
constexpr double kGoodRate = 64 << 10;   // bytes per second: not slow
constexpr double kDrainRate = 16 << 10;  // bytes per second that a stop waits for

}  // namespace

Connection::Connection(Socket socket, std::shared_ptr<Loop> loop, bool spare)
    : loop_(std::move(loop)), spare_(spare), socket_(std::move(socket)), body_(&loop_->budget()) {}

void Connection::start() {
  Error ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  buffer_.resize(kFirstBuffer);
  last_active_ = loop_->now_ms();
  parser_.emplace(request_, body_, loop_->options().body_limit);
  process();
}

bool Connection::idle() const { return phase_ == Phase::reading && begin_ == end_ && !parser_->got_some(); }

void Connection::release_memory() {
  body_.clear(kKeptBody);
  if (answer_.capacity() > kKeptBody) std::string().swap(answer_);
  if (begin_ == end_ && buffer_.size() > kKeptBuffer) {
    buffer_ = std::vector<char>(kFirstBuffer);
    begin_ = end_ = 0;
  }
}

void Connection::check_time() {
  int64_t silent = loop_->now_ms() - last_active_;
  const HttpOptions& options = loop_->options();
  if (phase_ == Phase::answering) return;  // the model's time, bounded by deadlines
  if (phase_ == Phase::lingering) {
    if (silent >= kLingerMs || loop_->draining()) close();
  } else if (phase_ == Phase::writing) {
    if (silent >= options.request_timeout_s * 1000) close();
  } else if (idle()) {
    Error ignored;
    bool silent_end = loop_->draining() && socket_.available(ignored) == 0;
    if (silent_end || silent >= options.idle_timeout_s * 1000) close();
  } else if (hinders_the_end()) {
    keep_alive_ = false;
    send(error_response(503, "the server is stopping and the request has not arrived; send it again"));
  } else if (silent >= options.request_timeout_s * 1000 || head_is_late() || body_is_slow()) {
    refuse_late();
  }
}

void Connection::refuse_late() {
  const HttpOptions& options = loop_->options();
  keep_alive_ = false;
  std::string slow = body_is_slow() ? fmt::format(" and at {} bytes per second", options.body_rate) : "";
  send(error_response(408, fmt::format("the request did not arrive within {} s{}", options.request_timeout_s, slow)));
}

// A client may send the head byte by byte for only so long.
bool Connection::head_is_late() const {
  if (parser_->is_header_done()) return false;
  return loop_->now_ms() - begun_ >= loop_->options().request_timeout_s * 1000;
}

// A body takes what it takes at the least rate.
bool Connection::body_is_slow() const {
  if (!parser_->is_header_done()) return false;
  const HttpOptions& options = loop_->options();
  if (options.body_rate == 0) return false;
  double due_s =
      options.request_timeout_s + static_cast<double>(parser_->body_bytes()) / static_cast<double>(options.body_rate);
  return static_cast<double>(loop_->now_ms() - begun_) * 1e-3 >= due_s;
}

// Bytes of the body per second since the request began.
double Connection::body_rate() const {
  return static_cast<double>(parser_->body_bytes()) * 1e3 / static_cast<double>(loop_->now_ms() - begun_ + 1);
}

// Whether a stop need not wait for the rest of this request.
bool Connection::hinders_the_end() const {
  if (loop_->draining_ms() < kDrainGraceMs) return false;
  return !parser_->is_header_done() || loop_->now_ms() - last_active_ >= kFreshMs || body_rate() < kDrainRate;
}

double Connection::eviction_rank() const {
  constexpr double kFirst = 4e9;
  constexpr double kSecond = 3e9;
  constexpr double kThird = 2e9;
  auto silent = static_cast<double>(loop_->now_ms() - last_active_);
  if (phase_ == Phase::lingering) return kFirst;
  if (phase_ == Phase::writing) return silent >= kStalledMs ? kSecond + silent : 0;
  if (phase_ != Phase::reading) return 0;
  if (idle()) return silent < kFreshMs ? 0 : spare_ ? kFirst : kThird + silent;
  if (loop_->now_ms() - begun_ < kFreshMs) return 0;
  if (spare_) return kFirst;
  double rate = body_rate();
  if (rate < static_cast<double>(loop_->options().body_rate)) return kSecond + 1e9 / (1 + rate);
  return rate < kGoodRate && loop_->now_ms() - begun_ >= kStalledMs ? 1 / (1 + rate) : 0;
}

void Connection::evict() {
  if (phase_ == Phase::reading && !idle()) {
    keep_alive_ = false;
    HttpResponse response = error_response(408, "the request came too slowly, and its connection is needed");
    compose_head(response);
    Error ignored;
    socket_.write_some(asio::buffer(head_ + response.body), ignored);
  }
  close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::answering) loop_->answering(-1);
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
    if (!parser_->got_some()) begun_ = loop_->now_ms();
    if (!parser_->is_header_done() && has_folded_line({buffer_.data() + begin_, end_ - begin_})) {
      parser_->refuse({400, "a header goes on in the next line (obs-fold); send it in one line"});
      refuse({});
      return false;
    }
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
  if (parser_->refusal()) {
    HttpResponse response = error_response(parser_->refusal()->status, parser_->refusal()->message);
    if (response.status == 415) response.headers.emplace_back("Accept-Encoding", "gzip, deflate, identity");
    send(std::move(response));
  } else if (error == beast::http::error::body_limit) {
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

// The buffer grows with what a body has brought, so that a length that is only claimed costs nothing.
void Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  uint64_t came = parser_->body_bytes();
  size_t wish = came >= kLargeBuffer ? kLargeBuffer : came >= kFirstBuffer / 2 ? kKeptBuffer : kFirstBuffer;
  if (buffer_.size() < wish) buffer_.resize(wish);
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
  last_active_ = loop_->now_ms();
  if (phase_ != Phase::reading) return;  // a timeout was answered meanwhile
  end_ += size;
  process();
}

void Connection::dispatch() {
  phase_ = Phase::answering;
  loop_->answering(1);
  keep_alive_ = parser_->keep_alive() && !loop_->draining() && !spare_;
  is_head_ = parser_->is_head();
  try {
    loop_->handler()(HttpExchange(shared_from_this()));
  } catch (const std::exception&) {
    // The exchange died on the way and was answered with 500.
  }
}

std::optional<HttpResponse> Connection::decode_body() {
  Coding coding = content_coding(request_.header("Content-Encoding")).value_or(Coding::identity);
  if (coding == Coding::identity || request_.body.empty()) return std::nullopt;
  Body decoded(&loop_->budget());
  Status status = decode(coding, request_.body, loop_->options().body_limit, decoded);
  body_ = std::move(decoded);
  request_.body = body_.view();
  switch (status.code()) {
    case Code::ok: return std::nullopt;
    case Code::resource_exhausted: return error_response(413, status.message());
    case Code::unavailable: return error_response(503, std::string(kNoRoom));
    default: return error_response(400, status.message());
  }
}

void Connection::release_body() {
  request_.body = {};
  body_.clear(kKeptBody);
}

namespace {

// As the client wishes, if that is worth it.
void pack(const HttpRequest& request, HttpResponse& response) {
  if (response.body.size() < kLeastPacked) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  Coding coding = accepted_coding(request.header("Accept-Encoding"));
  if (coding == Coding::identity) return;
  std::string packed = encode(coding, response.body);
  if (packed.size() >= response.body.size()) return;
  response.body = std::move(packed);
  response.headers.emplace_back("Content-Encoding", coding_name(coding));
}

}  // namespace

void Connection::respond(HttpResponse response) {
  pack(request_, response);
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
  const std::string& origin = loop_->options().allow_origin;
  if (!origin.empty()) fmt::format_to(std::back_inserter(head_), "Access-Control-Allow-Origin: {}\r\n", origin);
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
  if (phase_ == Phase::answering) loop_->answering(-1);
  phase_ = Phase::writing;
  release_body();
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
  last_active_ = loop_->now_ms();
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
  release_memory();
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
