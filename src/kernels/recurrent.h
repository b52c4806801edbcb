// LSTM, GRU and RNN over whole sequences: X W is one product, each step adds h R and goes through the gates.
//
// With z, r, i, o, f, c~ the gates in ONNX's order and layout (onnx/docs/Operators.md, LSTM, GRU, RNN).
#pragma once

#include <memory>
#include <vector>

#include "kernels/primitive.h"

namespace slipway::kernels {

enum class Cell : uint8_t { lstm, gru, rnn };
// Its gates, and the candidate: parts of W, R and B.
inline int64_t gates_of(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }

// f, g, h of the formulas; the last two have no element-wise operator of ONNX behind them.
enum class GateFunction : uint8_t {
  sigmoid,
  tanh,
  relu,
  leaky_relu,
  thresholded_relu,
  hard_sigmoid,
  elu,
  softsign,
  softplus,
  affine,      // alpha x + beta
  scaled_tanh  // alpha tanh(beta x)
};
struct Gate {
  GateFunction function = GateFunction::sigmoid;
  float alpha = 0, beta = 0;
};
// x[i] = gate(x[i]). T: float or double.
template <typename T>
void apply(const Gate& gate, T* x, int64_t n);
// Whether a gate's slope follows from its value (sigmoid, tanh, relu), which the backward pass needs.
bool has_slope(GateFunction function);

struct RecurrentSpec {
  Cell cell = Cell::lstm;
  DType dtype = DType::f32;
  int64_t steps = 0, batch = 0, input = 0, hidden = 0, directions = 1;
  bool reverse = false;      // of a single direction; of two the second runs backwards
  bool batch_first = false;  // X [batch, steps, input], Y [batch, steps, directions, hidden], states [batch,
                             // directions, hidden]; else X [steps, batch, input], Y [steps, directions, batch, hidden],
                             // states [directions, batch, hidden]
  float clip = 0;            // of the input of gates; 0: none
  bool linear_before_reset = false;
  bool input_forget = false;
  bool bf16 = false;        // of the products over all steps at once, as in MatmulSpec
  bool ragged = true;       // sequences have lengths of their own (the input `lengths` may be there)
  bool taped = false;       // of the backward pass: the forward pass left its tape
  std::vector<Gate> gates;  // directions × functions_of(cell): f, g, h

  const Tensor* constant_w = nullptr;  // W and R when they never change
  const Tensor* constant_r = nullptr;

  // The usual LSTM, whose rows are vectorized: sigmoid, tanh, tanh, and nothing else asked for.
  bool plain_lstm(int64_t direction) const {
    if (cell != Cell::lstm || dtype != DType::f32 || clip != 0 || input_forget) return false;
    const Gate* gate = gates.data() + direction * 3;
    return gate[0].function == GateFunction::sigmoid && gate[1].function == GateFunction::tanh &&
           gate[2].function == GateFunction::tanh;
  }
  int64_t width() const { return hidden * gates_of(cell); }
};
inline size_t functions_of(Cell cell) { return cell == Cell::lstm ? 3 : cell == Cell::gru ? 2 : 1; }

// in: {X, W [directions, width, input], R [directions, width, hidden], B? [directions, 2 width], lengths? (int32
// [batch]), h0?, c0?, P? [directions, 3 hidden]}; out: {Y?, Yh?, Yc?, gates?, states?}. Behind a sequence's length Y is
// 0. Lengths outside [0, steps] are cut.
// gates and states are the tape that a backward pass may read: [directions, rows, width] and [directions, 2, rows,
// hidden], a row being a position of X; states hold h before the step, then c before the step (LSTM) or the recurrent
// part of the candidate (GRU).
Result<std::shared_ptr<const Primitive>> make_recurrent(const RecurrentSpec& spec, const PackFn& pack);

// Backpropagation through time (P. Werbos, "Backpropagation through time", 1990); without the tape the
// forward pass is run again.
// in: {X, W, R, B?, lengths?, h0?, c0?, dY?, dYh?, dYc?, gates?, states?}; out: {dX, dW, dR, dB, dh0, dc0}, each
// optional. unimplemented for gates without a slope, clip, and input_forget.
Result<std::shared_ptr<const Primitive>> make_recurrent_backward(const RecurrentSpec& spec);

}  // namespace slipway::kernels
