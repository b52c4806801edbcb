// RecurrentGrad: the backward pass of LSTM, GRU and RNN.
#include "ops/contraction.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/recurrent.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  ops::RecurrentDims r = TRY(ops::recurrent_dims(c, TRY(ops::cell_of(c.node().text("cell")))));
  RETURN_IF_ERROR(ops::expect_dims(c, 7, "dY", r.y));
  for (size_t i : {8, 9}) RETURN_IF_ERROR(ops::expect_dims(c, i, "the gradient of a state", r.state));
  RETURN_IF_ERROR(ops::expect_dims(c, 10, "gates", r.gates));
  RETURN_IF_ERROR(ops::expect_dims(c, 11, "states", r.states));
  for (size_t i = 0; i < 3; ++i) c.set(i, c.dtype(0), c.dims(i));
  c.set(3, c.dtype(0), r.bias);
  for (size_t i : {4, 5}) c.set(i, c.dtype(0), r.state);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::Cell cell = TRY(ops::cell_of(c.node().text("cell")));
  kernels::RecurrentSpec spec = TRY(ops::recurrent_spec(c.node(), cell, c.in(0), c.in(2)));
  spec.taped = c.has_input(10) && c.has_input(11);
  return ops::padded_kernel(TRY(kernels::make_recurrent_backward(spec)), c);
}

std::vector<Sample> samples() {
  auto x = [](Shape shape) { return ops::random_input(std::move(shape)); };
  return {{.inputs = {x({3, 2, 4}), x({1, 8, 4}), x({1, 8, 2}), x({1, 16}), {}, {}, {}, x({3, 1, 2, 2})},
           .attributes = {{"cell", std::string("LSTM")}},
           .outputs = 6}};
}

}  // namespace

OPERATOR(recurrent_grad) = {
    .name = "RecurrentGrad",
    .domain = "slipway",
    .doc =
        "(dX, dW, dR, dB, dh0, dc0) of the LSTM, GRU or RNN named by `cell` from (X, W, R, B, sequence_lens, h0, c0, "
        "dY, dYh, dYc, gates, states), the last two being what the forward pass kept. 0 for the c0 of a cell without "
        "one.",
    .inputs = {3, 12},
    .outputs = {1, 6},
    .attributes = {{ops::kDirection,
                    ops::kLayout,
                    ops::kClip,
                    ops::kActivations,
                    ops::kActivationsAlpha,
                    ops::kActivationsBeta,
                    {"cell", kRequiredString},
                    {"linear_before_reset", 0},
                    {"input_forget", 0},
                    ops::kCompute}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
