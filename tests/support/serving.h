// What tests of servers share: an engine of one line, a source of versions by hand, and a plain HTTP client.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ops/all.h"
#include "runtime/session.h"
#include "serve/http/http_server.h"
#include "serve/model_manager.h"

namespace slipway::testing {

// What is known of the rows of a model that multiplies, or of one that sums over its rows.
inline std::shared_ptr<const RowAnalysis> rows_of_fake(int64_t width = 3, bool mixes = false) {
  Graph graph;
  ValueId x = graph.add_input("x", DType::f32, Dims{Dim::named("batch"), width});
  ValueId with = graph.add_constant("with", mixes ? Tensor::scalar<int64_t>(0) : Tensor::scalar(2.0f));
  ValueId y = graph.add_value("y");
  Node node;
  node.op_type = mixes ? "CumSum" : "Mul";
  node.op = all_operators().find(node.op_type);
  node.inputs = {x, with};
  node.outputs = {y};
  graph.add_node(std::move(node));
  graph.outputs = {y};
  return std::make_shared<const RowAnalysis>(graph);
}

// y = factor * x, for x: float32[?, width]. Thread-safe.
class FakeSession : public Session {
 public:
  explicit FakeSession(float factor = 2, int64_t width = 3)
      : factor_(factor),
        inputs_({{"x", DType::f32, {Dim::named("batch"), width}}}),
        outputs_({{"y", DType::f32, {Dim::named("batch"), width}}}) {}

  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) override {
    RETURN_IF_ERROR(check_inputs(inputs_, inputs));
    if (delay_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
    ++runs;
    rows += inputs[0].dim(0);
    RETURN_IF_ERROR(failure);
    Tensor y(DType::f32, inputs[0].shape());
    std::span<const float> x = inputs[0].data<float>();
    for (size_t i = 0; i < x.size(); ++i) y.mutable_data<float>()[i] = factor_ * x[i];
    return std::vector<Tensor>{y};
  }

  Status run_into(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) override {
    outputs = TRY(run(inputs));
    return {};
  }
  Result<Tensor> state(const std::string& name) const override { return not_found(name); }
  Status set_state(const std::string& name, const Tensor&) override { return not_found(name); }
  std::vector<std::string> state_names() const override { return {}; }
  void set_profiling(bool) override {}
  std::vector<NodeProfile> profile() const override { return {}; }
  int64_t plans_compiled() const override { return 0; }
  int64_t arena_bytes() const override { return 0; }
  int64_t constant_bytes() const override { return 0; }

  std::atomic<int64_t> delay_us{0};
  std::atomic<int64_t> runs{0};
  std::atomic<int64_t> rows{0};
  Status failure;  // what run() answers, when not ok

 private:
  float factor_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
};

// Thread-safe.
class FakeSource final : public VersionSource {
 public:
  Result<std::vector<std::string>> models() override {
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(failure_);
    std::vector<std::string> names;
    for (const auto& [name, model] : models_) names.push_back(name);
    return names;
  }
  Result<PublishedModel> published(const std::string& model) override {
    std::lock_guard lock(mutex_);
    if (damaged_ == model) return data_loss("state.json: no JSON");
    return models_.at(model);
  }
  // What of a model cannot be read.
  void damage(const std::string& model) {
    std::lock_guard lock(mutex_);
    damaged_ = model;
  }

  // The next version becomes production.
  int64_t publish(const std::string& name) {
    std::lock_guard lock(mutex_);
    PublishedModel& model = models_[name];
    int64_t version = model.versions.empty() ? 1 : model.versions.back() + 1;
    model.versions.push_back(version);
    if (model.production != 0) model.history.push_back(model.production);
    model.production = version;
    return version;
  }
  void set(const std::string& name, PublishedModel model) {
    std::lock_guard lock(mutex_);
    models_[name] = std::move(model);
  }
  void remove(const std::string& name) {
    std::lock_guard lock(mutex_);
    models_.erase(name);
  }
  void fail(Status failure) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, PublishedModel> models_;
  std::string damaged_;
  Status failure_;
};

struct Reply {
  int status = 0;  // 0: the connection ended before an answer
  std::string head;
  std::string body;
};

// A blocking HTTP/1.1 client on a loopback socket.
class Client {
 public:
  explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Nothing more will be sent; answers still arrive.
  void end() { ::shutdown(socket_, SHUT_WR); }

  // The next answer with its Content-Length body.
  Reply receive() {
    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    Reply reply{.status = std::stoi(buffer_.substr(9, 3)), .head = buffer_.substr(0, end), .body = {}};
    size_t length = 0;
    if (size_t at = reply.head.find("Content-Length: "); at != std::string::npos)
      length = std::stoul(reply.head.substr(at + 16));
    if (reply.status == 100) length = 0;
    while (buffer_.size() < end + 4 + length) {
      if (!fill()) return {};
    }
    reply.body = buffer_.substr(end + 4, length);
    buffer_.erase(0, end + 4 + length);
    return reply;
  }

  // Everything until the server closes.
  std::string receive_all() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }

  Reply get(const std::string& path) {
    send(fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", path));
    return receive();
  }
  Reply post(const std::string& path, const std::string& body, const std::string& headers = "") {
    send(fmt::format("POST {} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(), headers,
                     body));
    return receive();
  }

 private:
  bool fill() {
    char chunk[65536];
    ssize_t got = ::recv(socket_, chunk, sizeof(chunk), 0);
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<size_t>(got));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string buffer_;
};

// Waits up to a minute for something to become true.
template <typename F>
bool eventually(F&& f) {
  for (int i = 0; i < 12000; ++i) {
    if (f()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return f();
}

}  // namespace slipway::testing
