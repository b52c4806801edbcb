// One HTTP connection on its event loop: reading, answering, keeping alive. Seen by http_server.cc only.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "serve/http/body.h"
#include "serve/http/http_server.h"
#include "serve/http/request_parser.h"

namespace slipway::http {

namespace asio = boost::asio;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

class Connection;

// What a connection needs of its loop and server.
class Loop : public EventLoop {
 public:
  virtual asio::io_context& io() = 0;
  virtual bool on_own_thread() const = 0;
  virtual bool stopped() const = 0;
  virtual bool draining() const = 0;
  virtual int64_t now_ms() const = 0;           // counts up, in tenths of a second
  virtual int64_t draining_ms() const = 0;      // since the drain began; 0 without one
  virtual const std::string& date() const = 0;  // of the Date header
  virtual const HttpOptions& options() const = 0;
  virtual const HttpHandler& handler() const = 0;
  virtual BodyBudget& budget() = 0;
  // Counts requests that are being answered; +1 or -1.
  virtual void answering(int64_t change) = 0;
  // Whether the loop's share of HttpOptions::max_connections is at work.
  virtual bool crowded() const = 0;
  virtual void forget(Connection& connection) = 0;
};

// All functions but respond(), decode_body() and release_body() on the loop's thread. Those three may be called from
// any one thread while the request is being answered, when the loop touches neither request nor body.
class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, std::shared_ptr<Loop> loop, bool spare);

  void start();
  // Called now and then: closes what has been silent too long or comes too slowly, and what a draining server need not
  // wait for.
  void check_time();
  // How readily it is closed to make room for another: 0 for a connection at work, else the more the sooner. Requests
  // that come slower than HttpOptions::body_rate go first, then connections without a request, then slow ones.
  double eviction_rank() const;
  // Says why, if the socket takes it at once, and closes.
  void evict();
  void close();

  const HttpRequest& request() const override { return request_; }
  EventLoop& loop() override { return *loop_; }
  void respond(HttpResponse response) override;
  std::optional<HttpResponse> decode_body() override;
  void release_body() override;
  bool spare() const override { return spare_ && loop_->crowded(); }

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
  void refuse_late();
  bool head_is_late() const;
  bool body_is_slow() const;
  bool hinders_the_end() const;
  double body_rate() const;
  bool send_continue();
  void send(HttpResponse response);
  void compose_head(const HttpResponse& response);
  void write_rest();
  void finish_answer();
  void linger();
  // Gives back what is larger than a connection may keep. Requires: no read is under way.
  void release_memory();
  bool idle() const;

  const std::shared_ptr<Loop> loop_;  // before the socket, which needs the loop's services to be destroyed
  const bool spare_;
  Socket socket_;
  HttpRequest request_;
  Body body_;  // the request's, when it came in pieces or packed
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
  int64_t last_active_ = 0;  // in the loop's milliseconds
  int64_t begun_ = 0;        // when the first byte of the request came
};

}  // namespace slipway::http
