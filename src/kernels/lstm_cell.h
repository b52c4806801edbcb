// Vectorized float32 rows of an LSTM with sigmoid gates and tanh, forward and backward.
#pragma once

#include <cstdint>

namespace slipway::kernels {

// Gates i, o, f, c~ lie behind each other, n elements each.
struct LstmForward {
  float* gates = nullptr;            // [4 n]: x W, then the gates
  const float* recurrent = nullptr;  // [4 n]: h R
  const float* bias_w = nullptr;     // [4 n], or none
  const float* bias_r = nullptr;     // likewise
  float* h = nullptr;                // [n], written
  float* c = nullptr;                // [n], before the step, then behind it
};
// c = f c + i c~, h = o tanh(c)
using LstmForwardFn = void (*)(const LstmForward& row, int64_t n);
LstmForwardFn lstm_forward_f32();

struct LstmBackward {
  const float* gates = nullptr;  // [4 n]
  const float* c = nullptr;      // [n], before the step
  const float* dh = nullptr;     // [n], behind the step
  float* dc = nullptr;           // [n], behind the step, then before it
  float* dgates = nullptr;       // [4 n], of the gates' inputs
};
// See lstm_backward in recurrent_backward_cells.h.
using LstmBackwardFn = void (*)(const LstmBackward& row, int64_t n);
LstmBackwardFn lstm_backward_f32();

}  // namespace slipway::kernels
