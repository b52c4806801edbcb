// FlushDenormals: numbers too small for a normal float are 0 while it lives, as in TensorFlow's and PyTorch's training.
//
// A moment that decays towards 0, or the gradient of a saturated softmax, soon holds denormal numbers, on which x86
// takes some hundred cycles each (Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.8.3.3).
#pragma once

#include <vector>

namespace slipway {

// For the calling thread and the `threads` - 1 that work for it; all are as before afterwards. Without effect where the
// processor has no such mode.
class FlushDenormals {
 public:
  explicit FlushDenormals(int threads);
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  std::vector<unsigned> before_;  // by thread
};

}  // namespace slipway
