// One step of one sequence backwards through LSTM, GRU and RNN cells.
#pragma once

#include <cstdint>

#include "kernels/recurrent.h"

namespace slipway::kernels {

// Vectors of `hidden` elements, or a multiple; which of them a cell has, it says.
template <typename T>
struct BackwardRow {
  int64_t n = 0;               // hidden
  const Gate* gate = nullptr;  // f, g, h
  const T* gates = nullptr;    // what the forward walk left
  const T* h = nullptr;        // before the step
  const T* c = nullptr;        // before the step
  const T* linear = nullptr;   // h R + bias of a GRU's candidate, when it resets behind the product
  const T* dh = nullptr;       // behind the step
  T* dc = nullptr;             // behind the step; becomes that before it
  T* direct = nullptr;         // dL/dh before the step, as far as it does not come through R
  T* dgates = nullptr;         // dL/d of the gates' inputs, as X W sees them
  T* step = nullptr;           // the same as h R sees them
  T* step_reset = nullptr;     // the same as (r h) R sees them
  T* reset_h = nullptr;        // r h
  T* value = nullptr;          // a buffer
};

// The slope of a gate where its value is y. Requires: has_slope(gate.function).
template <typename T>
T slope(const Gate& gate, T y) {
  switch (gate.function) {
    case GateFunction::sigmoid: return y * (1 - y);
    case GateFunction::tanh: return 1 - y * y;
    default: return y > 0 ? T{1} : T{0};
  }
}

template <typename T>
void rnn_backward(const BackwardRow<T>& row) {
  for (int64_t i = 0; i < row.n; ++i) {
    row.dgates[i] = row.step[i] = row.dh[i] * slope(row.gate[0], row.gates[i]);
    row.direct[i] = 0;
  }
}

// With c' = f c + i c~ and h' = o h(c'): do = dh h(c'), dc += dh o h'(c'), di = dc c~, df = dc c, dc~ = dc i, dc = dc
// f, each gate's times its slope.
template <typename T>
void lstm_backward(const BackwardRow<T>& row) {
  int64_t n = row.n;
  const T *in = row.gates, *out = in + n, *forget = in + 2 * n, *candidate = in + 3 * n;
  for (int64_t i = 0; i < n; ++i) row.value[i] = forget[i] * row.c[i] + in[i] * candidate[i];
  apply(row.gate[2], row.value, n);
  for (int64_t i = 0; i < n; ++i) {
    T dc = row.dc[i] + row.dh[i] * out[i] * slope(row.gate[2], row.value[i]);
    row.step[i] = dc * candidate[i] * slope(row.gate[0], in[i]);
    row.step[n + i] = row.dh[i] * row.value[i] * slope(row.gate[0], out[i]);
    row.step[2 * n + i] = dc * row.c[i] * slope(row.gate[0], forget[i]);
    row.step[3 * n + i] = dc * in[i] * slope(row.gate[1], candidate[i]);
    row.dc[i] = dc * forget[i];
    row.direct[i] = 0;
  }
  for (int64_t i = 0; i < 4 * n; ++i) row.dgates[i] = row.step[i];
}

// With h' = (1 - z) c~ + z h: dz = dh (h - c~), dc~ = dh (1 - z), each times its slope; what reaches r is here only
// when it is applied behind the product.
template <typename T>
void gru_backward(const BackwardRow<T>& row, bool linear_before_reset) {
  int64_t n = row.n;
  const T *update = row.gates, *reset = update + n, *candidate = update + 2 * n;
  for (int64_t i = 0; i < n; ++i) {
    T dz = row.dh[i] * (row.h[i] - candidate[i]) * slope(row.gate[0], update[i]);
    T dcandidate = row.dh[i] * (1 - update[i]) * slope(row.gate[1], candidate[i]);
    row.direct[i] = row.dh[i] * update[i];
    row.dgates[i] = row.step[i] = dz;
    row.dgates[2 * n + i] = dcandidate;
    if (linear_before_reset) {
      row.dgates[n + i] = row.step[n + i] = dcandidate * row.linear[i] * slope(row.gate[0], reset[i]);
      row.step[2 * n + i] = dcandidate * reset[i];
    } else {
      row.step_reset[i] = dcandidate;
      row.reset_h[i] = reset[i] * row.h[i];
    }
  }
}

// dr = d(r h) h, dh += d(r h) r, from d(r h) = dc~ R.
template <typename T>
void gru_reset_backward(const BackwardRow<T>& row, const T* dreset_h) {
  int64_t n = row.n;
  const T* reset = row.gates + n;
  for (int64_t i = 0; i < n; ++i) {
    row.dgates[n + i] = row.step[n + i] = dreset_h[i] * row.h[i] * slope(row.gate[0], reset[i]);
    row.direct[i] += dreset_h[i] * reset[i];
  }
}

}  // namespace slipway::kernels
