// Intake: weighing what comes and what goes.
#include "monitor/intake.h"

#include <utility>

namespace slipway {

namespace {

int64_t bytes_of(const Tensor& tensor) {
  if (!tensor.defined()) return 0;
  if (tensor.dtype() != DType::string) return static_cast<int64_t>(tensor.bytes());
  int64_t bytes = 0;
  for (const std::string& text : tensor.data<std::string>()) bytes += static_cast<int64_t>(sizeof(text) + text.size());
  return bytes;
}

int64_t bytes_of(const Observation& o) {
  int64_t bytes = bytes_of(o.input) + bytes_of(o.output);
  for (const Tensor& more : o.more_inputs) bytes += bytes_of(more);
  if (o.raw == nullptr) return bytes;
  for (const Tensor& value : o.raw->values) bytes += bytes_of(value);
  return bytes;
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
    if (bytes_of(o.output) > options_.small_bytes) o.output = {};
    bytes = bytes_of(o.output);
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
