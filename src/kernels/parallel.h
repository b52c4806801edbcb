// Splits a range over threads; small ranges stay on the caller's thread.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace slipway {

// f(part, begin, end) over disjoint parts of [0, n), each of at least `grain` items, on at most `threads` threads;
// part < threads counts them, for scratch of its own. Results must not depend on where the parts are cut.
template <typename F>
void parallel_parts(int threads, int64_t n, int64_t grain, F&& f) {
  int parts = static_cast<int>(std::min<int64_t>(threads, n / std::max<int64_t>(grain, 1)));
  if (parts <= 1) {
    if (n > 0) f(0, int64_t{0}, n);
    return;
  }
  // A team of one size: libgomp ends the threads that a smaller one leaves over.
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int part = 0; part < parts; ++part) f(part, n * part / parts, n * (part + 1) / parts);
}

// The same as f(begin, end).
template <typename F>
void parallel_for(int threads, int64_t n, int64_t grain, F&& f) {
  parallel_parts(threads, n, grain, [&](int, int64_t begin, int64_t end) { f(begin, end); });
}

}  // namespace slipway
