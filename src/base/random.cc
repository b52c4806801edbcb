// Philox4x32-10 and what is drawn from it.
#include "base/random.h"

#include <numbers>
#include <numeric>

namespace slipway {

std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter_high, uint64_t counter_low) {
  std::array<uint32_t, 4> c = {static_cast<uint32_t>(counter_low), static_cast<uint32_t>(counter_low >> 32),
                               static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)};
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

uint32_t Random::next_u32() {
  uint64_t block = position_ / 4;
  if (block != cached_block_) {
    block_ = philox(seed_, stream_, block);
    cached_block_ = block;
  }
  return block_[position_++ % 4];
}

uint64_t Random::next_u64() {
  uint64_t low = next_u32();
  return low | uint64_t{next_u32()} << 32;
}

double Random::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

double Random::normal() {
  double u = 1.0 - uniform();  // (0, 1]: its logarithm is finite
  double v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

uint64_t Random::below(uint64_t n) {
  unsigned __int128 product = static_cast<unsigned __int128>(next_u64()) * n;
  if (static_cast<uint64_t>(product) < n) {
    uint64_t threshold = (0 - n) % n;
    while (static_cast<uint64_t>(product) < threshold) product = static_cast<unsigned __int128>(next_u64()) * n;
  }
  return static_cast<uint64_t>(product >> 64);
}

std::vector<uint32_t> permutation(uint32_t n, Random& random) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace slipway
