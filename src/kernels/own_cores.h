// OwnCores: each thread of a parallel region keeps to a core of its own while it lives.
//
// Threads of one parallel region wake each other many times a millisecond, and Linux likes to wake a thread on the core
// of the one that wakes it. Where another process keeps a core busy, all of them then end up on what is left, in turns,
// each waiting for one that cannot run.
#pragma once

#include <sched.h>

#include <vector>

namespace slipway {

// For the calling thread and the `threads` - 1 that work for it in OpenMP's parallel regions; afterwards all may run
// where the caller could before. Without effect unless they are as many as the cores that the caller may run on: of
// fewer threads the system knows better which cores are idle.
// While it lives, threads that the caller starts keep to its core, and usable_cores() says 1 there: ask before.
class OwnCores {
 public:
  explicit OwnCores(int threads);
  ~OwnCores();
  OwnCores(const OwnCores&) = delete;
  OwnCores& operator=(const OwnCores&) = delete;

 private:
  void place(bool own) const;

  cpu_set_t before_ = {};
  std::vector<int> cores_;  // by thread; none: without effect
};

}  // namespace slipway
