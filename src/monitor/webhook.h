// Webhook: posts alarms as JSON to a URL, on a thread of its own, never making the monitor wait.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/json.h"
#include "base/status.h"

namespace slipway {

struct WebhookOptions {
  std::string url;              // http:// or https://
  size_t capacity = 256;        // alarms that may wait; the oldest are dropped and counted beyond
  int attempts = 4;             // per alarm
  int64_t first_wait_ms = 250;  // before the second attempt; doubles with each
  int64_t timeout_ms = 5000;    // of one attempt
};

// Thread-safe. A 2xx answer is delivery; anything else is tried again.
class Webhook {
 public:
  // invalid_argument unless the URL is http or https.
  static Result<std::unique_ptr<Webhook>> start(WebhookOptions options);
  // Drops what waits after the attempt under way.
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  void send(const Json& body);

  uint64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }  // given up, or dropped
  std::string last_error() const;

 private:
  explicit Webhook(WebhookOptions options);
  void run();
  void deliver(const std::string& body);

  const WebhookOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> waiting_;
  bool stopping_ = false;
  std::string last_error_;
  std::atomic<uint64_t> delivered_{0};
  std::atomic<uint64_t> failed_{0};
  std::thread thread_;
};

}  // namespace slipway
