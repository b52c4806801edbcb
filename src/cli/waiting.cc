// Waiting: libgomp's spin count, set by starting anew.
#include "cli/waiting.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

#include "base/cores.h"

namespace slipway {

namespace {

constexpr std::chrono::microseconds kSpin(50);

void pause_once() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How many rounds of libgomp's waiting loop (one pause and one look at memory each) take kSpin. A pause takes 10 to 140
// cycles, depending on the processor; the fastest of a few trials is not disturbed by others.
int64_t rounds_of_waiting() {
  using Clock = std::chrono::steady_clock;
  constexpr int kRounds = 200;
  Clock::duration fastest = Clock::duration::max();
  for (int trial = 0; trial < 5; ++trial) {
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < kRounds; ++i) pause_once();
    fastest = std::min(fastest, Clock::now() - begin);
  }
  const double each = std::chrono::duration<double, std::micro>(fastest).count() / kRounds;
  return std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(kSpin.count()) / std::max(each, 1e-4)), 100,
                             100'000);
}

}  // namespace

void wait_briefly(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (usable_cores() < 2) return;
  ::setenv("GOMP_SPINCOUNT", std::to_string(rounds_of_waiting()).c_str(), 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace slipway
