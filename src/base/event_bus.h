// EventBus: hands events from many threads to one listener thread, never making a publisher wait.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace slipway {

// Thread-safe. A publisher pays a short critical section; when `capacity` events wait, new ones are counted and
// dropped.
template <typename Event>
class EventBus {
 public:
  // `listener` gets batches in order of publication, on a thread of the bus.
  EventBus(size_t capacity, std::function<void(std::vector<Event>&&)> listener,
           std::chrono::milliseconds rest = std::chrono::milliseconds(10))
      : capacity_(capacity), listener_(std::move(listener)), rest_(rest), thread_([this] { listen(); }) {}
  ~EventBus() { stop(); }
  EventBus(const EventBus&) = delete;
  EventBus& operator=(const EventBus&) = delete;

  // False when the event was dropped.
  bool publish(Event event) {
    bool first = false;
    {
      std::lock_guard lock(mutex_);
      if (stopping_ || waiting_.size() >= capacity_) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return false;
      }
      waiting_.push_back(std::move(event));
      first = waiting_.size() == 1;
      if (!first && waiting_.size() != hurry_) return true;
    }
    (first ? wake_ : rested_).notify_one();
    return true;
  }

  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // Delivers what waits, then ends the thread. Idempotent.
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    rested_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void listen() {
    std::vector<Event> batch;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      listener_(std::move(batch));
      batch.clear();
      // On a condition of its own: publishers that meet no sleeper make no system call.
      std::unique_lock lock(mutex_);
      rested_.wait_for(lock, rest_, [this] { return stopping_ || waiting_.size() >= hurry_; });
    }
  }

  const size_t capacity_;
  const size_t hurry_ = capacity_ / 2 + 1;  // so many waiting events end a rest
  std::function<void(std::vector<Event>&&)> listener_;
  const std::chrono::milliseconds rest_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable rested_;
  std::vector<Event> waiting_;
  bool stopping_ = false;
  std::atomic<uint64_t> dropped_{0};
  std::thread thread_;  // last: it uses the rest
};

}  // namespace slipway
