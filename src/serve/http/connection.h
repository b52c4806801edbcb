// One HTTP connection on its event loop: reading, answering, keeping alive. Seen by http_server.cc only.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "serve/http/http_server.h"

namespace slipway::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Error = boost::system::error_code;

// Fills an HttpRequest. The body is a view of the bytes given to put() when it came in one piece, else a copy.
class RequestParser final : public beast::http::basic_parser<true> {
 public:
  RequestParser(HttpRequest& request, std::string& body, uint64_t body_limit);
  bool is_head() const { return head_; }
  int version() const { return version_; }  // 10, 11

 private:
  using View = beast::string_view;
  void on_request_impl(beast::http::verb, View method, View target, int, Error&) override;
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(beast::http::field, View name, View value, Error&) override;
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>& length, Error&) override;
  size_t on_body_impl(View piece, Error&) override;
  void on_chunk_header_impl(uint64_t, View, Error&) override {}
  size_t on_chunk_body_impl(uint64_t, View piece, Error&) override;
  void on_finish_impl(Error&) override {}

  HttpRequest& request_;
  std::string& body_;
  std::optional<uint64_t> length_;
  bool head_ = false;
  int version_ = 11;
};

class Connection;

// What a connection needs of its loop and server.
class Loop : public EventLoop {
 public:
  virtual asio::io_context& io() = 0;
  virtual bool on_own_thread() const = 0;
  virtual bool stopped() const = 0;
  virtual bool draining() const = 0;
  virtual int64_t seconds() const = 0;          // counts up
  virtual const std::string& date() const = 0;  // of the Date header
  virtual const HttpOptions& options() const = 0;
  virtual const HttpHandler& handler() const = 0;
  virtual void forget(Connection& connection) = 0;
};

// All functions but respond() on the loop's thread.
class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, std::shared_ptr<Loop> loop);

  void start();
  // Called now and then: closes what has been silent too long, and idle connections of a draining server.
  void check_time();
  void close();

  const HttpRequest& request() const override { return request_; }
  EventLoop& loop() override { return *loop_; }
  void respond(HttpResponse response) override;

  size_t slot = 0;  // place in the loop's list

 private:
  enum class Phase { reading, answering, writing, lingering, closed };

  // Goes on with what the buffer holds, without recursion however many requests are in it.
  void process();
  void step();
  bool parse();
  void read_more();
  void make_room();
  void on_read(const Error& error, size_t size);
  void dispatch();
  void refuse(const Error& error);
  void refuse_cut_off();
  bool head_is_late() const;
  bool send_continue();
  void send(HttpResponse response);
  void compose_head(const HttpResponse& response);
  void write_rest();
  void finish_answer();
  void linger();
  // Gives back buffers larger than `keep` bytes. Requires: no read is under way.
  void release_memory(size_t keep);
  bool idle() const;

  const std::shared_ptr<Loop> loop_;  // before the socket, which needs the loop's services to be destroyed
  Socket socket_;
  HttpRequest request_;
  std::string body_;  // the request's, when it came in pieces
  std::optional<RequestParser> parser_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // unread bytes of the buffer
  size_t end_ = 0;
  std::string head_;
  std::string answer_;
  Phase phase_ = Phase::reading;
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool continued_ = false;  // "100 Continue" was sent for this request
  bool processing_ = false;
  bool again_ = false;
  size_t written_ = 0;       // of head_ and answer_
  int64_t last_active_ = 0;  // in the loop's seconds
  int64_t begun_ = 0;        // when the first byte of the request came
};

}  // namespace slipway::http
