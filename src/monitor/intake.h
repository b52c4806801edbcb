// Intake: the queue between the threads that answer and the monitor, bounded by events and by bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/event_bus.h"
#include "runtime/observation.h"

namespace slipway {

struct IntakeOptions {
  size_t events = 65536;                   // that may wait; further ones are dropped
  int64_t bytes = int64_t{256} << 20;      // of tensors that may wait; further ones come without their tensors
  int64_t small_bytes = int64_t{4} << 10;  // an output of this size keeps company with its event nevertheless
};

// Thread-safe. Counts of requests, codes and times stay exact when large inputs come faster than they are looked at:
// what is left out then are tensors, so that sketches see a part of the rows.
class Intake {
 public:
  using Listener = std::function<void(std::vector<Observation>&&)>;

  // `listener` is called on a thread of the queue.
  Intake(IntakeOptions options, Listener listener);

  // False: dropped.
  bool offer(Observation observation);
  // Observations that came without tensors they had.
  int64_t thinned() const { return thinned_.load(std::memory_order_relaxed); }
  // Bytes of tensors that wait or are being looked at.
  int64_t waiting_bytes() const { return waiting_.load(std::memory_order_relaxed); }
  // Delivers what waits, then ends the thread. Idempotent.
  void stop() { bus_.stop(); }

 private:
  void deliver(const Listener& listener, std::vector<Observation>&& batch);

  const IntakeOptions options_;
  std::atomic<int64_t> waiting_{0};
  std::atomic<int64_t> thinned_{0};
  EventBus<Observation> bus_;  // last: its thread uses the rest
};

}  // namespace slipway
