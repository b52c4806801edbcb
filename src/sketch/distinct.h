// Distinct: about how many different things a stream held.
//
// HyperLogLog: P. Flajolet, E. Fusy, O. Gandouet, F. Meunier, "HyperLogLog: the analysis of a near-optimal cardinality
// estimation algorithm", AofA 2007, with its linear counting for small cardinalities.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace slipway {

// 2^precision bytes; standard error 1.04 / sqrt(2^precision).
class Distinct {
 public:
  // Requires: 4 <= precision <= 16.
  explicit Distinct(int precision);
  Distinct() : Distinct(10) {}

  // `hash` must be well mixed in all bits (mix_bits).
  void add(uint64_t hash);
  // Requires: the same precision.
  void merge(const Distinct& other);
  double estimate() const;

  // {"precision": p, "registers": "one character a register"}
  Json to_json() const;
  static Result<Distinct> from_json(const Json& json);

 private:
  int precision_;
  std::vector<uint8_t> registers_;
};

// A bijection that spreads every input bit over all output bits (the finalizer of MurmurHash3).
inline uint64_t mix_bits(uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return x ^ (x >> 33);
}

}  // namespace slipway
