// SystemClock and the spelling of instants.
#include "base/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace slipway {

int64_t SystemClock::now_us() const {
  using std::chrono::duration_cast, std::chrono::microseconds;
  return duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

int64_t SystemClock::steady_ns() const {
  using std::chrono::duration_cast, std::chrono::nanoseconds;
  return duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string rfc3339(int64_t us) {
  int64_t seconds = us / 1'000'000;
  int64_t rest = us % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(seconds)), rest / 1000);
}

}  // namespace slipway
