// Exhausted memory as a Status: where sizes come from a file or a request, an allocation may be any size.
#pragma once

#include <new>
#include <stdexcept>

#include "base/status.h"

namespace slipway {

// f(), which returns a Status or Result; resource_exhausted where an allocation in it failed.
template <typename F>
auto within_memory(F&& f) -> decltype(f()) {
  constexpr const char* kTooLarge =
      "needs more memory than there is; expected smaller sizes: fewer rows at a time, or smaller numbers where an "
      "attribute or an input tells a shape";
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return exhausted(kTooLarge);
  } catch (const std::length_error&) {
    return exhausted(kTooLarge);
  }
}

}  // namespace slipway
