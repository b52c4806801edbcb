// The bytes of request bodies: a buffer for each, and how much all of them may take together.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace slipway::http {

// How many bytes of bodies a server may hold. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(uint64_t limit) : limit_(limit) {}
  // False, and nothing is taken, when they do not fit.
  bool take(uint64_t bytes);
  void give(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// A growing buffer whose memory follows what has arrived, not what a length claims: it is mapped, so that pages nobody
// wrote to cost nothing, growing copies nothing, and what is given back goes to the system at once. Not thread-safe.
class Body {
 public:
  // Requires: the budget outlives this.
  explicit Body(BodyBudget* budget) : budget_(budget) {}
  ~Body() { clear(0); }
  Body(Body&& other) noexcept
      : budget_(other.budget_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Body& operator=(Body&& other) noexcept;

  // False, and nothing is appended, when the budget or the system has no room.
  bool append(std::string_view piece);
  std::string_view view() const { return {data_, size_}; }
  bool empty() const { return size_ == 0; }
  // Forgets the bytes; memory of up to `keep` bytes is kept for the next ones.
  void clear(size_t keep);

 private:
  bool grow(size_t needed);

  BodyBudget* budget_;
  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace slipway::http
