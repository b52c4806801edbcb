// Splits a range over threads; small ranges stay on the caller's thread.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace slipway {

// f(begin, end) over disjoint parts of [0, n), each of at least `grain` items, on at most `threads` threads.
// Results must not depend on where the parts are cut.
template <typename F>
void parallel_for(int threads, int64_t n, int64_t grain, F&& f) {
  int parts = static_cast<int>(std::min<int64_t>(threads, n / std::max<int64_t>(grain, 1)));
  if (parts <= 1) {
    if (n > 0) f(int64_t{0}, n);
    return;
  }
#pragma omp parallel for num_threads(parts) schedule(static, 1)
  for (int part = 0; part < parts; ++part) f(n * part / parts, n * (part + 1) / parts);
}

}  // namespace slipway
