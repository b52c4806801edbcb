// How much memory one tensor may ask for.
#pragma once

#include <cstddef>

namespace slipway {

// The largest size of allocate_bytes() in this process from now on; beyond it throws std::bad_alloc. By default what
// the machine has: the system would promise more and end the program where it is touched. Thread-safe.
void limit_allocations(size_t most);

}  // namespace slipway
