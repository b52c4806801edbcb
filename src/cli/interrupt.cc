// Interrupt by sigaction and a flag.
#include "cli/interrupt.h"

#include <unistd.h>

#include <string_view>

namespace slipway {

namespace {

constexpr int kInterrupted = 130;  // 128 + SIGINT, as shells have it
volatile std::sig_atomic_t asked_times = 0;

extern "C" void on_signal(int) {
  if (asked_times > 0) ::_exit(kInterrupted);
  asked_times = 1;
  constexpr std::string_view kSaid = "\nStopping behind this step; once more: at once\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kSaid.data(), kSaid.size());
}

}  // namespace

Interrupt::Interrupt() {
  asked_times = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &before_int_);
  ::sigaction(SIGTERM, &action, &before_term_);
}

Interrupt::~Interrupt() {
  ::sigaction(SIGINT, &before_int_, nullptr);
  ::sigaction(SIGTERM, &before_term_, nullptr);
}

bool Interrupt::asked() const { return asked_times > 0; }

}  // namespace slipway
