// Interrupt: a first SIGINT or SIGTERM is a wish, a second one is an end.
#pragma once

#include <csignal>

namespace slipway {

// While it lives, the first of both signals makes asked() true and says so on stderr; the second ends the process at
// once with status 130. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();  // the signals mean again what they did before
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool asked() const;

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

}  // namespace slipway
