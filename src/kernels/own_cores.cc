// OwnCores by sched_setaffinity.
#include "kernels/own_cores.h"

#include <omp.h>

namespace slipway {

OwnCores::OwnCores(int threads) {
  if (threads < 2 || sched_getaffinity(0, sizeof before_, &before_) != 0 || CPU_COUNT(&before_) != threads) return;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &before_)) cores_.push_back(core);
  }
  place(true);
}

OwnCores::~OwnCores() {
  if (!cores_.empty()) place(false);
}

void OwnCores::place(bool own) const {
#pragma omp parallel num_threads(static_cast <int>(cores_.size()))
  {
    cpu_set_t set = before_;
    if (own) {
      CPU_ZERO(&set);
      CPU_SET(static_cast<size_t>(cores_[static_cast<size_t>(omp_get_thread_num())]), &set);
    }
    sched_setaffinity(0, sizeof set, &set);
  }
}

}  // namespace slipway
