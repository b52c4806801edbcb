// One step of an LSTM in vectors: the product with R and the gates behind it, for blocks of hidden units.
//
// Units are taken in panels of as many as a vector has lanes. A panel's rows of R lie together, k by k: the weights
// from h[k] to the gates i, o, f, c~ of its units.
#pragma once

#include "kernels/recurrent_walk.h"

namespace slipway::kernels {

struct LstmStep {
  int64_t step = 0, batch = 0, hidden = 0;
  const Rows* rows = nullptr;
  const float* packed = nullptr;  // R
  const float* bias = nullptr;    // [4 hidden], both biases
  const float* gates = nullptr;   // [rows, 4 hidden]: X W
  const float* h = nullptr;       // [batch, hidden], before the step
  float* next = nullptr;          // [batch, hidden], after it
  float* c = nullptr;             // [batch, hidden]
  float* y = nullptr;             // Y's base, or nullptr
};

// Units in a panel on this machine, and how many panels there are.
int64_t lstm_lanes();
inline int64_t lstm_panels(int64_t hidden) { return (hidden + lstm_lanes() - 1) / lstm_lanes(); }
// R [4 hidden, hidden] as panels, [panels, hidden, 4, lanes], zero beyond the last unit.
Tensor pack_lstm(const Tensor& r);
// c = f c + i c~, h = o tanh(c) for the units of panels [first, last). Different panels may run at the same time.
void run_lstm_panels(const LstmStep& step, int64_t first, int64_t last);

}  // namespace slipway::kernels
