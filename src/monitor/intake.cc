// Intake: weighing what comes and what goes.
#include "monitor/intake.h"

#include <utility>

#include "tensor/held_bytes.h"

namespace slipway {

namespace {

int64_t bytes_of(const Observation& o) {
  return held_bytes(o.input) + held_bytes(o.output) + held_bytes(o.more_inputs) +
         (o.raw != nullptr ? held_bytes(o.raw->values) : 0);
}

}  // namespace

Intake::Intake(IntakeOptions options, Listener listener)
    : options_(options), bus_(options.events, [this, listener = std::move(listener)](std::vector<Observation>&& batch) {
        deliver(listener, std::move(batch));
      }) {}

bool Intake::offer(Observation o) {
  int64_t bytes = bytes_of(o);
  int64_t waiting = waiting_.fetch_add(bytes, std::memory_order_relaxed);
  if (bytes > 0 && waiting > 0 && waiting + bytes > options_.bytes) {
    waiting_.fetch_sub(bytes, std::memory_order_relaxed);
    thinned_.fetch_add(1, std::memory_order_relaxed);
    o.input = {};
    o.more_inputs.clear();
    o.raw = nullptr;
    if (held_bytes(o.output) > options_.small_bytes) o.output = {};
    bytes = held_bytes(o.output);
    waiting_.fetch_add(bytes, std::memory_order_relaxed);
  }
  if (bus_.publish(std::move(o))) return true;
  waiting_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void Intake::deliver(const Listener& listener, std::vector<Observation>&& batch) {
  int64_t bytes = 0;
  for (const Observation& o : batch) bytes += bytes_of(o);
  listener(std::move(batch));
  batch.clear();
  waiting_.fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace slipway
