// CHECK: for what only our own mistake can make false. Never reachable from input.
#pragma once

namespace slipway {

// Prints the broken promise to stderr and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why);

}  // namespace slipway

#define CHECK(condition, why) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::slipway::check_failed(__FILE__, __LINE__, #condition, why))
