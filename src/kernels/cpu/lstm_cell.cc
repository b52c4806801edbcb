// Vectorized float32 LSTM cells.
#include "kernels/lstm_cell.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/lstm_cell.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slipway::kernels::HWY_NAMESPACE {
namespace {

void forward(const LstmForward& row, int64_t n) {
  const D d;
  const V zero = hn::Zero(d);
  for (int64_t i = 0, lanes = static_cast<int64_t>(hn::Lanes(d)); i < n; i += lanes) {
    auto input = [&](int64_t gate) HWY_ATTR {
      const int64_t at = gate * n + i;
      const V z = hn::Add(load_some(d, row.gates + at, n - i, zero), load_some(d, row.recurrent + at, n - i, zero));
      if (row.bias_w == nullptr) return z;
      const V bias = hn::Add(load_some(d, row.bias_w + at, n - i, zero), load_some(d, row.bias_r + at, n - i, zero));
      return hn::Add(z, bias);
    };
    const V in = sigmoid(d, input(0)), out = sigmoid(d, input(1)), forget = sigmoid(d, input(2));
    const V candidate = tanh(d, input(3));
    const V c = hn::MulAdd(forget, load_some(d, row.c + i, n - i, zero), hn::Mul(in, candidate));
    store_some(in, d, row.gates + i, n - i);
    store_some(out, d, row.gates + n + i, n - i);
    store_some(forget, d, row.gates + 2 * n + i, n - i);
    store_some(candidate, d, row.gates + 3 * n + i, n - i);
    store_some(c, d, row.c + i, n - i);
    store_some(hn::Mul(out, tanh(d, c)), d, row.h + i, n - i);
  }
}

void backward(const LstmBackward& row, int64_t n) {
  const D d;
  const V zero = hn::Zero(d), one = constant(d, 1);
  for (int64_t i = 0, lanes = static_cast<int64_t>(hn::Lanes(d)); i < n; i += lanes) {
    auto part = [&](const float* from) HWY_ATTR { return load_some(d, from + i, n - i, zero); };
    const V in = part(row.gates), out = part(row.gates + n), forget = part(row.gates + 2 * n);
    const V candidate = part(row.gates + 3 * n), c = part(row.c), dh = part(row.dh);
    const V value = tanh(d, hn::MulAdd(forget, c, hn::Mul(in, candidate)));
    const V dc = hn::MulAdd(hn::Mul(dh, out), hn::NegMulAdd(value, value, one), part(row.dc));
    auto through = [&](V g, V y) HWY_ATTR { return hn::Mul(g, hn::NegMulAdd(y, y, y)); };
    store_some(through(hn::Mul(dc, candidate), in), d, row.dgates + i, n - i);
    store_some(through(hn::Mul(dh, value), out), d, row.dgates + n + i, n - i);
    store_some(through(hn::Mul(dc, c), forget), d, row.dgates + 2 * n + i, n - i);
    store_some(hn::Mul(hn::Mul(dc, in), hn::NegMulAdd(candidate, candidate, one)), d, row.dgates + 3 * n + i, n - i);
    store_some(hn::Mul(dc, forget), d, row.dc + i, n - i);
  }
}

}  // namespace

LstmForwardFn choose_lstm_forward() { return forward; }
LstmBackwardFn choose_lstm_backward() { return backward; }

}  // namespace slipway::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slipway::kernels {
HWY_EXPORT(choose_lstm_forward);
HWY_EXPORT(choose_lstm_backward);
LstmForwardFn lstm_forward_f32() { return HWY_DYNAMIC_DISPATCH(choose_lstm_forward)(); }
LstmBackwardFn lstm_backward_f32() { return HWY_DYNAMIC_DISPATCH(choose_lstm_backward)(); }
}  // namespace slipway::kernels
#endif
