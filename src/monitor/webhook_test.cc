// The webhook against a small HTTP server in the test.
#include "monitor/webhook.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::HasSubstr;

// Answers connection i with statuses[i] (the last one for all later), and keeps the requests.
class Receiver {
 public:
  explicit Receiver(std::vector<int> statuses) : statuses_(std::move(statuses)) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listen(socket_, 8);
    thread_ = std::thread([this] { run(); });
  }
  ~Receiver() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run() {
    for (size_t i = 0;; ++i) {
      int connection = accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos || !request.ends_with("}")) {
        ssize_t n = recv(connection, buffer, sizeof buffer, 0);
        if (n <= 0) break;
        request.append(buffer, static_cast<size_t>(n));
      }
      std::string answer = "HTTP/1.1 " + std::to_string(statuses_[std::min(i, statuses_.size() - 1)]) +
                           " x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      EXPECT_EQ(send(connection, answer.data(), answer.size(), 0), static_cast<ssize_t>(answer.size()));
      close(connection);
    }
  }

  std::vector<int> statuses_;
  int socket_;
  int port_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

TEST(Webhook, PostsJson) {
  Receiver receiver({200});
  auto hook = Webhook::start({.url = receiver.url()}).value();
  hook->send(Json::object({{"id", 1}}));
  ASSERT_TRUE(eventually([&] { return hook->delivered() == 1; }));
  std::string request = receiver.requests()[0];
  EXPECT_THAT(request, HasSubstr("POST /hook HTTP/1.1"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json"));
  EXPECT_TRUE(request.ends_with("{\"id\":1}"));
}

TEST(Webhook, TriesAgain) {
  Receiver receiver({500, 503, 204});
  auto hook = Webhook::start({.url = receiver.url(), .first_wait_ms = 1}).value();
  hook->send(Json::object({{"id", 1}}));
  ASSERT_TRUE(eventually([&] { return hook->delivered() == 1; }));
  EXPECT_EQ(receiver.requests().size(), 3u);
  EXPECT_EQ(hook->failed(), 0u);
}

TEST(Webhook, GivesUpAndSaysWhy) {
  Receiver receiver({500});
  auto hook = Webhook::start({.url = receiver.url(), .attempts = 2, .first_wait_ms = 1}).value();
  hook->send(Json::object({{"id", 1}}));
  ASSERT_TRUE(eventually([&] { return hook->failed() == 1; }));
  EXPECT_THAT(hook->last_error(), HasSubstr("answered 500"));
}

TEST(Webhook, StopsAtOnceWhileWaitingToTryAgain) {
  auto hook = Webhook::start({.url = "http://127.0.0.1:1/", .first_wait_ms = 60'000}).value();
  hook->send(Json::object({{"id", 1}}));
  ASSERT_TRUE(eventually([&] { return !hook->last_error().empty(); }));
  auto begin = std::chrono::steady_clock::now();
  hook.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(Webhook, RefusesOtherUrls) {
  EXPECT_THAT(Webhook::start({.url = "file:///etc/passwd"}).status().message(), HasSubstr("file:///etc/passwd"));
}

}  // namespace
}  // namespace slipway
