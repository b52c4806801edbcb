// Fault: what a kernel found wrong with the contents of its inputs.
#pragma once

#include <atomic>
#include <mutex>
#include <utility>

#include "base/status.h"

namespace slipway {

// A slot that a run looks at behind every step. Thread-safe but for take().
class Fault {
 public:
  bool raised() const { return raised_.load(std::memory_order_relaxed); }
  // The first report is kept. Requires: an error.
  void report(const Status& status) {
    std::lock_guard lock(mutex_);
    if (raised()) return;
    status_ = status;
    raised_.store(true, std::memory_order_relaxed);
  }
  // What was reported, or ok; the slot is empty again. Requires: nothing reports at the same time.
  Status take() {
    raised_.store(false, std::memory_order_relaxed);
    return std::exchange(status_, Status());
  }

 private:
  std::atomic<bool> raised_{false};
  std::mutex mutex_;
  Status status_;
};

}  // namespace slipway
