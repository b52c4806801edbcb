// Recurrent layers over [batch, steps, features], one ONNX operator each; weights in its layout and gate order.
#include <algorithm>

#include <fmt/format.h>

#include "train/layers/context.h"

namespace slipway::train {

namespace {

struct Kind {
  const char* type;  // of the layer
  const char* op;
  int64_t gates;
  int64_t forget;  // the gate whose bias begins at 1 (Keras unit_forget_bias); -1: none
};
constexpr Kind kLstm = {"LSTM", "LSTM", 4, 2};  // gates i, o, f, c
constexpr Kind kGru = {"GRU", "GRU", 3, -1};    // gates z, r, h
constexpr Kind kRnn = {"SimpleRNN", "RNN", 1, -1};

// [directions, parts of `rows` × columns], each part drawn by itself.
Result<ValueId> matrices(LayerContext& c, const char* part, int64_t directions, int64_t gates, int64_t units,
                         int64_t columns, const char* otherwise, const char* initializer) {
  Tensor all(DType::f32, {directions, gates * units, columns});
  float* to = all.mutable_data<float>().data();
  for (int64_t i = 0; i < directions * gates; ++i) {
    Tensor one = TRY(c.draw({units, columns}, columns, units, otherwise, initializer));
    to = std::ranges::copy(one.data<float>(), to).out;
  }
  return c.weight(part, all);
}

// Input and recurrent biases behind each other, as ONNX wants them.
ValueId biases(LayerContext& c, const Kind& kind, int64_t directions, int64_t units) {
  Tensor bias(DType::f32, {directions, 2 * kind.gates * units});
  for (int64_t d = 0; d < directions && kind.forget >= 0; ++d) {
    float* gate = bias.mutable_data<float>().data() + (d * 2 * kind.gates + kind.forget) * units;
    std::fill(gate, gate + units, 1.0f);
  }
  return c.weight("bias", bias);
}

struct Answer {
  ValueId steps;  // [steps, directions, batch, units]
  ValueId last;   // [directions, batch, units]
};

Result<Answer> run(LayerContext& c, const Kind& kind, ValueId x, std::string direction) {
  RETURN_IF_ERROR(c.expect_rank(x, 3, "sequences [batch, steps, features]"));
  int64_t features = TRY(c.known_size(x, 2, "number of features")), units = c.integer("units");
  int64_t directions = direction == "bidirectional" ? 2 : 1;
  ValueId kernel =
      TRY(matrices(c, "kernel", directions, kind.gates, units, features, "glorot_uniform", "kernel_initializer"));
  ValueId recurrent =
      TRY(matrices(c, "recurrent_kernel", directions, kind.gates, units, units, "orthogonal", "recurrent_initializer"));
  Values inputs = {c.transpose(x, {1, 0, 2}), kernel, recurrent};
  if (c.flag("use_bias", true)) inputs.push_back(biases(c, kind, directions, units));
  Attributes attributes = {{"hidden_size", units}, {"direction", std::move(direction)}};
  if (kind.op == kGru.op) attributes.set("linear_before_reset", int64_t{1});
  Values y = c.b.ops(kind.op, inputs, 2, attributes);
  return Answer{y[0], y[1]};
}

template <const Kind& kKind>
Result<ValueId> recurrent(LayerContext& c, const Values& x) {
  Answer y = TRY(run(c, kKind, x[0], c.flag("go_backwards", false) ? "reverse" : "forward"));
  if (!c.flag("return_sequences", false)) return c.b.op("Squeeze", {y.last, c.b.ints({0})});
  return c.transpose(c.b.op("Squeeze", {y.steps, c.b.ints({1})}), {1, 0, 2});
}

// Both directions' answers [..., directions, units] as one, by merge_mode.
Result<ValueId> merged(LayerContext& c, ValueId y) {
  std::string mode = c.text("merge_mode", "concat");
  int64_t axis = c.b.rank(y) - 2;
  auto reduce = [&](const char* op) { return c.b.op(op, {y, c.b.ints({axis})}, {{"keepdims", int64_t{0}}}); };
  if (mode == "sum") return reduce("ReduceSum");
  if (mode == "ave") return reduce("ReduceMean");
  if (mode == "mul") return reduce("ReduceProd");
  if (mode != "concat") {
    return invalid(fmt::format("merge_mode is \"{}\"; expected \"concat\", \"sum\", \"mul\" or \"ave\"", mode));
  }
  std::vector<int64_t> shape(static_cast<size_t>(axis), 0);
  shape.push_back(2 * c.integer("units"));
  return c.b.op("Reshape", {y, c.b.ints(shape)});
}

// The argument `layer` names the wrapped layer; its arguments stand beside it.
Result<ValueId> bidirectional(LayerContext& c, const Values& x) {
  constexpr const Kind* kKinds[] = {&kLstm, &kGru, &kRnn};
  std::string type = c.text("layer", "");
  auto kind = std::ranges::find_if(kKinds, [&](const Kind* k) { return k->type == type; });
  if (kind == std::end(kKinds)) {
    return invalid(fmt::format("\"layer\" is \"{}\"; expected \"LSTM\", \"GRU\" or \"SimpleRNN\"", type));
  }
  Answer y = TRY(run(c, **kind, x[0], "bidirectional"));
  if (c.flag("return_sequences", false)) return merged(c, c.transpose(y.steps, {2, 0, 1, 3}));
  return merged(c, c.transpose(y.last, {1, 0, 2}));
}

constexpr Parameter kUnits = {"units", Argument::positive, true}, kSequences = {"return_sequences", Argument::flag},
                    kBackwards = {"go_backwards", Argument::flag}, kBias = {"use_bias", Argument::flag},
                    kKernel = {"kernel_initializer", Argument::text},
                    kRecurrent = {"recurrent_initializer", Argument::text};

}  // namespace

LAYER(lstm) = {
    .name = "LSTM",
    .doc = "Long short-term memory over sequences; answers with the last step, or with all.",
    .base_name = "lstm",
    .build = recurrent<kLstm>,
    .parameters = {{kUnits, kSequences, kBackwards, kBias, kKernel, kRecurrent}},
};

LAYER(gru) = {
    .name = "GRU",
    .doc = "Gated recurrent units over sequences; answers with the last step, or with all.",
    .base_name = "gru",
    .build = recurrent<kGru>,
    .parameters = {{kUnits, kSequences, kBackwards, kBias, kKernel, kRecurrent}},
};

LAYER(simple_rnn) = {
    .name = "SimpleRNN",
    .doc = "h = tanh(x W + h R + b) over sequences; answers with the last step, or with all.",
    .base_name = "simple_rnn",
    .build = recurrent<kRnn>,
    .parameters = {{kUnits, kSequences, kBackwards, kBias, kKernel, kRecurrent}},
};

LAYER(bidirectional) = {
    .name = "Bidirectional",
    .doc = "An LSTM, GRU or SimpleRNN (`layer`, its arguments beside it) in both directions.",
    .base_name = "bidirectional",
    .build = bidirectional,
    .parameters = {{{"layer", Argument::text, true},
                    {"merge_mode", Argument::text},
                    kUnits,
                    kSequences,
                    kBias,
                    kKernel,
                    kRecurrent}},
};

}  // namespace slipway::train
