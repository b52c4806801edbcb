// SHA-256 (FIPS 180-4): names contents, so that a changed byte shows.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace slipway {

// Hashes bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  void update(std::span<const std::byte> bytes);
  // 64 lower-case hexadecimal digits. Requires: called once, last.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The hash of `bytes` in one call.
std::string sha256_hex(std::string_view bytes);

}  // namespace slipway
