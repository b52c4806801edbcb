// InputSample: some of the requests that a model got lately, whole, to ask another version the same.
//
// In memory only, never written. Repeated inputs are kept once. Until it is full everything is taken; from then on a
// new request takes the place of a random one every `spacing_us`, so that ages are spread exponentially over some
// minutes (C. Aggarwal, "On biased reservoir sampling in the presence of stream evolution", VLDB 2006).
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "base/random.h"
#include "runtime/observation.h"

namespace slipway {

struct InputSampleOptions {
  size_t requests = 512;
  int64_t bytes = int64_t{32} << 20;
  int64_t most_rows = 64;  // requests with more rows are not kept
  int64_t spacing_us = 500'000;
  uint64_t seed = 1;
};

// One request: the raw data that it brought or else the model's inputs in order, and the examples in them.
struct KeptRequest {
  std::vector<Tensor> inputs;
  int64_t rows = 0;
  std::shared_ptr<const NamedRows> raw = nullptr;
  uint64_t preparation = 0;  // of the version that answered; 0: it prepares nothing
};

// Not thread-safe.
class InputSample {
 public:
  explicit InputSample(InputSampleOptions options = {}) : options_(options), random_(options.seed) {}

  // Takes a request that was answered, or failed in the engine, or does not: a copy of its tensors, which may be parts
  // of a greater one; raw data, which is its own, as it is.
  void add(const Observation& observation);
  const std::vector<KeptRequest>& requests() const { return kept_; }
  int64_t bytes() const { return bytes_; }

 private:
  InputSampleOptions options_;
  Random random_;
  std::vector<KeptRequest> kept_;
  std::vector<uint64_t> hashes_;  // of kept_
  std::unordered_set<uint64_t> known_;
  int64_t bytes_ = 0;
  int64_t last_us_ = 0;
};

}  // namespace slipway
