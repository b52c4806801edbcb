// Laying several buffers into one piece of scratch.
#pragma once

#include <cstddef>

namespace slipway::kernels {

// Offsets into scratch, each aligned to 64.
class ScratchLayout {
 public:
  size_t reserve(size_t bytes) {
    size_t offset = bytes_;
    bytes_ += (bytes + 63) / 64 * 64;
    return offset;
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};

}  // namespace slipway::kernels
