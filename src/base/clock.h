// Time as an argument: code that reads the clock takes a Clock, so that tests can move it by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace slipway {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since the Unix epoch.
  virtual int64_t now_us() const = 0;
  // Nanoseconds on a clock that never goes back.
  virtual int64_t steady_ns() const = 0;
};

// The machine's own clock.
class SystemClock final : public Clock {
 public:
  int64_t now_us() const override;
  int64_t steady_ns() const override;
};

// A clock that stands still until advanced. Not thread-safe while being advanced.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_us = 0) : us_(start_us) {}
  int64_t now_us() const override { return us_; }
  int64_t steady_ns() const override { return us_ * 1000; }
  void advance_us(int64_t us) { us_ += us; }

 private:
  int64_t us_;
};

// "2026-11-23T13:45:02.123Z" (RFC 3339, UTC) for microseconds since the epoch.
std::string rfc3339(int64_t us);

}  // namespace slipway
