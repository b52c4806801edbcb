// The mode bits of each thread of the team.
#include "kernels/flush_denormals.h"

#include <omp.h>

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace slipway {

namespace {

#if defined(__x86_64__)
constexpr unsigned kFlush = 0x8040;  // flush to zero, denormals are zero
unsigned mode() { return _mm_getcsr(); }
void set_mode(unsigned bits) { _mm_setcsr(bits); }
#else
constexpr unsigned kFlush = 0;
unsigned mode() { return 0; }
void set_mode(unsigned) {}
#endif

}  // namespace

FlushDenormals::FlushDenormals(int threads) : before_(static_cast<size_t>(std::max(threads, 1))) {
#pragma omp parallel num_threads(static_cast <int>(before_.size()))
  {
    before_[static_cast<size_t>(omp_get_thread_num())] = mode();
    set_mode(mode() | kFlush);
  }
}

FlushDenormals::~FlushDenormals() {
#pragma omp parallel num_threads(static_cast <int>(before_.size()))
  set_mode(before_[static_cast<size_t>(omp_get_thread_num())]);
}

}  // namespace slipway
