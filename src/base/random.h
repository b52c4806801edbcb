// Random numbers that depend on nothing but a seed and a position: the same on every machine and thread count.
//
// Philox4x32-10: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace slipway {

// The 128-bit block at `counter` of stream `key`. Pure.
std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter_high, uint64_t counter_low);

// A sequence of numbers from (seed, stream). Its whole state is `position`, which a checkpoint can save.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint32_t next_u32();
  uint64_t next_u64();
  // Uniform in [0, 1), 53 bits.
  double uniform();
  // Normal with mean 0 and deviation 1 (Box-Muller, one value per two draws).
  double normal();
  // Uniform in [0, n). Requires: n > 0. Unbiased (Lemire 2019, "Fast random integer generation in an interval").
  uint64_t below(uint64_t n);

  uint64_t position() const { return position_; }
  void seek(uint64_t position) { position_ = position; }

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t position_ = 0;  // in 32-bit words
  uint64_t cached_block_ = ~uint64_t{0};
  std::array<uint32_t, 4> block_{};
};

// The numbers 0..n-1 in an order that depends only on `random` (Fisher-Yates).
std::vector<uint32_t> permutation(uint32_t n, Random& random);

}  // namespace slipway
