// The biased reservoir.
#include "monitor/input_sample.h"

#include <functional>
#include <string_view>

#include "sketch/distinct.h"
#include "tensor/held_bytes.h"

namespace slipway {

namespace {

uint64_t mixed(uint64_t hash, uint64_t more) { return mix_bits(hash ^ more); }

uint64_t hash_of(const Tensor& tensor) {
  uint64_t hash = static_cast<uint64_t>(tensor.dtype());
  for (int64_t size : tensor.shape()) hash = mixed(hash, static_cast<uint64_t>(size));
  if (tensor.dtype() == DType::string) {
    for (const std::string& s : tensor.data<std::string>()) hash = mixed(hash, std::hash<std::string>()(s));
    return hash;
  }
  return mixed(hash, std::hash<std::string_view>()({static_cast<const char*>(tensor.raw()), tensor.bytes()}));
}

const std::vector<Tensor>& tensors_of(const KeptRequest& request) {
  return request.raw != nullptr ? request.raw->values : request.inputs;
}

// Requests that say something of the version: answered, or failed through no fault of the caller or of the load.
bool counts(const Observation& o) {
  return o.code == Code::ok || o.code == Code::internal || o.code == Code::unknown || o.code == Code::data_loss;
}

}  // namespace

void InputSample::add(const Observation& o) {
  if (!counts(o) || !o.input.defined() || o.rows < 1 || o.rows > options_.most_rows) return;
  const bool full = kept_.size() >= options_.requests || bytes_ >= options_.bytes;
  if (full && o.time_us - last_us_ < options_.spacing_us) return;
  KeptRequest request{.inputs = {}, .rows = o.rows, .raw = o.raw, .preparation = o.preparation};
  if (o.raw == nullptr) {
    request.inputs.push_back(o.input);
    request.inputs.insert(request.inputs.end(), o.more_inputs.begin(), o.more_inputs.end());
  }
  const std::vector<Tensor>& tensors = tensors_of(request);
  const int64_t bytes = held_bytes(tensors);
  if (bytes > options_.bytes / 8) return;
  uint64_t hash = tensors.size();
  for (const Tensor& t : tensors) hash = mixed(hash, hash_of(t));
  if (!known_.insert(hash).second) return;
  last_us_ = o.time_us;
  for (Tensor& t : request.inputs) t = t.clone();
  bytes_ += bytes;
  if (!full) {
    kept_.push_back(std::move(request));
    hashes_.push_back(hash);
    return;
  }
  const size_t slot = random_.below(kept_.size());
  bytes_ -= held_bytes(tensors_of(kept_[slot]));
  known_.erase(hashes_[slot]);
  kept_[slot] = std::move(request);
  hashes_[slot] = hash;
}

}  // namespace slipway
