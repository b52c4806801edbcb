// HttpServer: threads with an event loop each, one of which accepts for all.
#include "serve/http/http_server.h"

#include <sys/resource.h>
#include <algorithm>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/cores.h"
#include "serve/http/connection.h"

namespace slipway {

namespace {

using namespace http;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr int kTicksPerSecond = 10;
constexpr int64_t kSpare = 64;       // connections beyond the limit, for health checks
constexpr int64_t kOtherFiles = 64;  // what else the process has open
constexpr int64_t kShareFreed = 32;  // one in so many makes room when the limit is near

// How many connections the system's limit on open files leaves.
int64_t connections_allowed(const HttpOptions& options) {
  rlimit files{};
  int64_t most = options.max_connections;
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
    most = std::min<int64_t>(most, static_cast<int64_t>(files.rlim_cur) - kSpare - kOtherFiles);
  }
  return std::max<int64_t>(most, 1);
}

class LoopThread final : public Loop, public std::enable_shared_from_this<LoopThread> {
 public:
  LoopThread(size_t index, const HttpOptions& options, const HttpHandler& handler, std::shared_ptr<BodyBudget> budget,
             int64_t share)
      : index_(index), options_(options), handler_(handler), budget_(std::move(budget)), share_(share), timer_(io_) {}

  void start() {
    tick();
    thread_ = std::thread([this] { io_.run(); });
    // The id is read by other threads only after start() returned.
    id_ = thread_.get_id();
  }

  // On the loop's thread.
  void add(Socket socket, bool spare) {
    if (stopped()) return;
    auto connection = std::make_shared<Connection>(std::move(socket), shared_from_this(), spare);
    connection->slot = connections_.size();
    connections_.push_back(connection);
    connection->start();
  }

  // Closes the `most` connections that can best be spared, soon. Asked again before that is done: no effect. From any
  // thread.
  void make_room(size_t most) {
    if (evicting_.exchange(true)) return;
    asio::post(io_, [this, most] {
      evicting_.store(false);
      evict(most);
    });
  }
  int64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

  void drain() { draining_.store(true, std::memory_order_relaxed); }

  // Cuts what is left and ends the thread.
  void stop() {
    asio::post(io_, [this] {
      while (!connections_.empty()) connections_.back()->close();
      timer_.cancel();
      stopped_.store(true);
      work_.reset();
      io_.stop();
    });
    if (thread_.joinable()) thread_.join();
    io_.restart();
    io_.poll();  // lets go of what was posted last
  }

  int64_t count() const { return count_.load(std::memory_order_relaxed); }
  // Counted when accepted, on the accepting thread, so that a burst is spread evenly.
  void expect() { count_.fetch_add(1, std::memory_order_relaxed); }

  asio::io_context& io() override { return io_; }
  bool on_own_thread() const override { return std::this_thread::get_id() == id_; }
  bool stopped() const override { return stopped_.load(); }
  bool draining() const override { return draining_.load(std::memory_order_relaxed); }
  int64_t now_ms() const override { return ticks_ * 1000 / kTicksPerSecond; }
  int64_t draining_ms() const override { return drain_tick_ < 0 ? 0 : (ticks_ - drain_tick_) * 1000 / kTicksPerSecond; }
  BodyBudget& budget() override { return *budget_; }
  void answering(int64_t change) override { answering_ += change; }
  bool crowded() const override { return answering_ >= share_; }
  const std::string& date() const override { return date_; }
  const HttpOptions& options() const override { return options_; }
  const HttpHandler& handler() const override { return handler_; }
  void defer(std::function<void()> f) override { asio::post(io_, std::move(f)); }
  size_t index() const override { return index_; }

  void forget(Connection& connection) override {
    std::shared_ptr<Connection> keep = connections_[connection.slot];
    connections_[connection.slot] = connections_.back();
    connections_[connection.slot]->slot = connection.slot;
    connections_.pop_back();
    count_.fetch_sub(1, std::memory_order_relaxed);
    // Whoever is in one of its functions goes on in a living object.
    asio::post(io_, [keep = std::move(keep)] {});
  }

 private:
  void evict(size_t most) {
    std::vector<std::pair<double, std::shared_ptr<Connection>>> ranked;
    for (const auto& connection : connections_) {
      if (double rank = connection->eviction_rank(); rank > 0) ranked.emplace_back(rank, connection);
    }
    most = std::min(most, ranked.size());
    auto end = ranked.begin() + static_cast<std::ptrdiff_t>(most);
    std::partial_sort(ranked.begin(), end, ranked.end(),
                      [](const auto& a, const auto& b) { return a.first > b.first; });
    for (auto it = ranked.begin(); it != end; ++it) it->second->evict();
    evicted_.fetch_add(static_cast<int64_t>(most), std::memory_order_relaxed);
  }

  void tick() {
    if (ticks_++ % kTicksPerSecond == 0) {
      date_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr)));
    }
    if (draining() && drain_tick_ < 0) drain_tick_ = ticks_;
    if (draining() || ticks_ % kTicksPerSecond == 1) {
      for (size_t i = connections_.size(); i-- > 0;) {
        if (i < connections_.size()) connections_[i]->check_time();
      }
    }
    timer_.expires_after(kTick);
    timer_.async_wait([this](const Error& error) {
      if (!error) tick();
    });
  }

  const size_t index_;
  const HttpOptions& options_;
  const HttpHandler& handler_;
  const std::shared_ptr<BodyBudget> budget_;  // a connection may outlive the server
  const int64_t share_;                       // of the connections
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  Timer timer_;
  std::thread thread_;
  std::thread::id id_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::atomic<int64_t> count_{0};
  std::atomic<bool> draining_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> evicting_{false};
  std::atomic<int64_t> evicted_{0};
  int64_t ticks_ = 0;
  int64_t answering_ = 0;
  int64_t drain_tick_ = -1;  // when the drain was seen
  std::string date_;
};

class Server final : public HttpServer {
 public:
  Server(const HttpOptions& options, HttpHandler handler)
      : options_(options),
        handler_(std::move(handler)),
        most_(connections_allowed(options)),
        budget_(std::make_shared<BodyBudget>(options.body_memory)) {
    const int cores = usable_cores();
    int threads = std::clamp(options.threads > 0 ? options.threads : cores, 1, static_cast<int>(EventLoop::kMost));
    for (int i = 0; i < threads; ++i) {
      loops_.push_back(std::make_shared<LoopThread>(static_cast<size_t>(i), options_, handler_, budget_,
                                                    std::max<int64_t>(1, most_ / threads)));
    }
    acceptor_.emplace(loops_[0]->io());
    retry_.emplace(loops_[0]->io());
  }

  ~Server() override { stop(std::chrono::milliseconds(0)); }

  Status take_port() {
    Error error;
    std::string where = options_.address == "localhost" ? "127.0.0.1" : options_.address;
    asio::ip::address address = asio::ip::make_address(where, error);
    if (error) {
      return invalid(
          fmt::format("--address \"{}\" is not an IP address; use 0.0.0.0 for all, 127.0.0.1 for this machine only",
                      options_.address));
    }
    asio::ip::tcp::endpoint endpoint(address, options_.port);
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (error) return cannot_listen(error);
    port_ = acceptor_->local_endpoint().port();
    return {};
  }

  Status serve() override {
    Error error;
    acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (!error) acceptor_->non_blocking(true, error);
    if (error) return cannot_listen(error);
    serving_ = true;
    for (auto& loop : loops_) loop->start();
    asio::post(loops_[0]->io(), [this] { accept(); });
    return {};
  }

  uint16_t port() const override { return port_; }

  int64_t connections() const override {
    int64_t count = 0;
    for (const auto& loop : loops_) count += loop->count();
    return count;
  }

  int64_t evicted() const override {
    int64_t count = 0;
    for (const auto& loop : loops_) count += loop->evicted();
    return count;
  }

  uint64_t body_bytes() const override { return budget_->used(); }

  void stop(std::chrono::milliseconds grace) override {
    if (stopped_.exchange(true) || !serving_) return;
    // What the system has accepted for us already is served; then nothing new gets in.
    asio::post(loops_[0]->io(), [this] {
      accept_waiting();
      Error ignored;
      acceptor_->close(ignored);
      retry_->cancel();
      closed_.store(true);
    });
    auto end = std::chrono::steady_clock::now() + grace;
    auto wait = [&] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); };
    while (!closed_.load()) wait();
    for (auto& loop : loops_) loop->drain();
    while (connections() > 0 && std::chrono::steady_clock::now() < end) wait();
    for (auto& loop : loops_) loop->stop();
  }

 private:
  LoopThread& least_loaded() {
    return **std::ranges::min_element(loops_, {}, [](const auto& loop) { return loop->count(); });
  }

  Status cannot_listen(const Error& error) const {
    return unavailable(
        fmt::format("cannot listen on {}:{}: {}; is another server running there? Choose another port with --http",
                    options_.address, options_.port, error.message()));
  }

  // Requires: the connection was counted by no one yet.
  void hand_over(LoopThread& loop, Socket socket) {
    bool spare = connections() >= most_;
    loop.expect();
    asio::post(loop.io(), [&loop, spare, socket = std::move(socket)]() mutable { loop.add(std::move(socket), spare); });
  }

  void accept_waiting() {
    for (;;) {
      LoopThread& loop = least_loaded();
      Error error;
      Socket socket(loop.io());
      acceptor_->accept(socket, error);
      if (error) return;
      hand_over(loop, std::move(socket));
    }
  }

  // Back to where the limit is near no more.
  void make_room() {
    int64_t surplus = std::max<int64_t>(connections() - most_, 0) + most_ / kShareFreed;
    int64_t share = surplus / static_cast<int64_t>(loops_.size()) + 1;
    for (auto& loop : loops_) loop->make_room(static_cast<size_t>(share));
  }

  void accept() {
    if (stopped_.load()) return;
    int64_t open = connections();
    if (open >= most_ - most_ / kShareFreed) make_room();
    if (open >= most_ + kSpare) return accept_later();
    LoopThread& loop = least_loaded();
    acceptor_->async_accept(loop.io(), [this, &loop](const Error& error, Socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) {  // out of file descriptors, as a rule
        make_room();
        return accept_later();
      }
      hand_over(loop, std::move(socket));
      accept();
    });
  }

  void accept_later() {
    retry_->expires_after(kTick);
    retry_->async_wait([this](const Error& error) {
      if (!error) accept();
    });
  }

  const HttpOptions options_;
  const HttpHandler handler_;
  const int64_t most_;  // connections, but for the spare ones
  const std::shared_ptr<BodyBudget> budget_;
  std::vector<std::shared_ptr<LoopThread>> loops_;
  std::optional<Acceptor> acceptor_;
  std::optional<Timer> retry_;
  uint16_t port_ = 0;
  bool serving_ = false;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> closed_{false};
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::bind(const HttpOptions& options, HttpHandler handler) {
  auto server = std::make_unique<Server>(options, std::move(handler));
  RETURN_IF_ERROR(server->take_port());
  return std::unique_ptr<HttpServer>(std::move(server));
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options, HttpHandler handler) {
  std::unique_ptr<HttpServer> server = TRY(bind(options, std::move(handler)));
  RETURN_IF_ERROR(server->serve());
  return server;
}

}  // namespace slipway
