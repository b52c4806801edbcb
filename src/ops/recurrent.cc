// LSTM, GRU and RNN: what they share.
#include "ops/recurrent.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "kernels/bounds.h"
#include "kernels/lstm.h"
#include "ops/contraction.h"
#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/sizes.h"

namespace slipway::ops {

namespace {

using kernels::Cell;
using kernels::Gate;
using kernels::GateFunction;

constexpr size_t kInputs = 12, kOutputs = 6;  // of the wider of forward and backward

struct GateName {
  std::string_view name;
  GateFunction function;
  bool takes_alpha, takes_beta;
  float alpha, beta;
};
// Defaults of alpha and beta are those of the operators of that name.
constexpr GateName kGates[] = {
    {"sigmoid", GateFunction::sigmoid, false, false, 0, 0},
    {"tanh", GateFunction::tanh, false, false, 0, 0},
    {"relu", GateFunction::relu, false, false, 0, 0},
    {"leakyrelu", GateFunction::leaky_relu, true, false, 0.01f, 0},
    {"thresholdedrelu", GateFunction::thresholded_relu, true, false, 1, 0},
    {"hardsigmoid", GateFunction::hard_sigmoid, true, true, 0.2f, 0.5f},
    {"elu", GateFunction::elu, true, false, 1, 0},
    {"softsign", GateFunction::softsign, false, false, 0, 0},
    {"softplus", GateFunction::softplus, false, false, 0, 0},
    {"affine", GateFunction::affine, true, true, 1, 0},
    {"scaledtanh", GateFunction::scaled_tanh, true, true, 1, 1},
};

Result<int64_t> directions_of(const Node& node) {
  std::string direction = node.text("direction");
  if (direction == "bidirectional") return 2;
  if (direction == "forward" || direction == "reverse") return 1;
  return invalid(fmt::format("direction is \"{}\"; expected forward, reverse or bidirectional", direction));
}

std::vector<std::string> default_activations(Cell cell) {
  if (cell == Cell::lstm) return {"Sigmoid", "Tanh", "Tanh"};
  if (cell == Cell::gru) return {"Sigmoid", "Tanh"};
  return {"Tanh"};
}

// alpha and beta are lists of values for those activations, in order, that take one.
Result<std::vector<Gate>> gates_of(const Node& node, Cell cell, int64_t directions) {
  std::vector<std::string> names = node.strings("activations");
  std::vector<std::string> otherwise = default_activations(cell);
  if (names.empty()) {
    for (int64_t d = 0; d < directions; ++d) names.insert(names.end(), otherwise.begin(), otherwise.end());
  }
  size_t wanted = otherwise.size() * static_cast<size_t>(directions);
  if (names.size() != wanted) return invalid(fmt::format("{} activations; expected {}", names.size(), wanted));
  std::vector<float> alphas = node.floats("activation_alpha"), betas = node.floats("activation_beta");
  size_t alpha = 0, beta = 0;
  std::vector<Gate> gates;
  for (std::string name : names) {
    std::string lower = name;
    for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    const GateName* row = std::find_if(std::begin(kGates), std::end(kGates), [&](auto& g) { return g.name == lower; });
    if (row == std::end(kGates)) return unsupported(fmt::format("activation \"{}\" is none of ONNX's", name));
    Gate gate{row->function, row->alpha, row->beta};
    if (row->takes_alpha && alpha < alphas.size()) gate.alpha = alphas[alpha++];
    if (row->takes_beta && beta < betas.size()) gate.beta = betas[beta++];
    gates.push_back(gate);
  }
  return gates;
}

}  // namespace

Result<kernels::Cell> cell_of(std::string_view name) {
  if (name == "LSTM") return Cell::lstm;
  if (name == "GRU") return Cell::gru;
  if (name == "RNN") return Cell::rnn;
  return invalid(fmt::format("no recurrent cell is called \"{}\"; expected LSTM, GRU or RNN", name));
}

Kernel padded_kernel(std::shared_ptr<const Primitive> primitive, const PrepareContext& c) {
  Kernel kernel = kernel_of(primitive);
  const int64_t steps = c.in(0).shape[c.node().integer("layout") != 0 ? 1 : 0];
  const int64_t lengths = c.has_input(4) ? c.in(4).count() : 0;
  kernel.run = [=, inputs = c.input_count(), outputs = c.output_count()](const KernelArgs& a) {
    a.report(
        kernels::expect_inside("sequence_lens", DType::i32, lengths > 0 ? a.in[4] : nullptr, lengths, 0, steps + 1));
    const void* in[kInputs] = {};
    void* out[kOutputs] = {};
    std::copy_n(a.in, std::min(inputs, kInputs), in);
    std::copy_n(a.out, std::min(outputs, kOutputs), out);
    primitive->run(a.instance, in, out, a.scratch);
  };
  return kernel;
}

Result<kernels::RecurrentSpec> recurrent_spec(const Node& node, Cell cell, const TensorType& x, const TensorType& r) {
  kernels::RecurrentSpec spec;
  spec.cell = cell;
  spec.dtype = x.dtype;
  if (x.dtype != DType::f32 && x.dtype != DType::f64) {
    return unsupported(fmt::format("{} has no arithmetic for {}; cast to float32", node.op_type, dtype_name(x.dtype)));
  }
  spec.batch_first = node.integer("layout") != 0;
  spec.steps = x.shape[spec.batch_first ? 1 : 0];
  spec.batch = x.shape[spec.batch_first ? 0 : 1];
  spec.input = x.shape[2];
  spec.hidden = r.shape[2];
  spec.directions = TRY(directions_of(node));
  spec.reverse = node.text("direction") == "reverse";
  spec.clip = node.has("clip") ? node.real("clip") : 0;
  spec.linear_before_reset = cell == Cell::gru && node.integer("linear_before_reset") != 0;
  spec.bf16 = computes_bf16(node);
  spec.ragged = node.has_input(4);
  spec.input_forget = cell == Cell::lstm && node.integer("input_forget") != 0;
  spec.gates = TRY(gates_of(node, cell, spec.directions));
  return spec;
}

Result<RecurrentDims> recurrent_dims(InferContext& c, Cell cell) {
  RecurrentDims r;
  int64_t directions = TRY(directions_of(c.node()));
  RETURN_IF_ERROR(gates_of(c.node(), cell, directions).status());
  int64_t gates = cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1;
  if (c.dims(0).size() != 3 || c.dims(2).size() != 3) {
    return invalid(fmt::format("X is {} and R is {}; expected rank 3", to_string(c.dims(0)), to_string(c.dims(2))));
  }
  bool batch_first = c.node().integer("layout") != 0;
  Dim steps = c.dims(0)[batch_first ? 1 : 0], batch = c.dims(0)[batch_first ? 0 : 1], hidden = c.dims(2)[2];
  if (find_attribute(*c.node().op, "hidden_size") != nullptr && c.node().has("hidden_size")) {
    int64_t said = c.node().integer("hidden_size");
    if (said < 0 || (hidden.known() && hidden.size != said)) {
      return invalid(fmt::format("hidden_size is {} and R is {}", said, to_string(c.dims(2))));
    }
    RETURN_IF_ERROR(expect_steps(std::span(&said, 1), "hidden_size"));
    hidden = said;
  }
  auto times = [&](int64_t n) { return hidden.known() ? Dim(n * hidden.size) : Dim(); };
  r.state = batch_first ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden};
  r.y = batch_first ? Dims{batch, steps, directions, hidden} : Dims{steps, directions, batch, hidden};
  r.bias = {directions, times(2 * gates)};
  r.peepholes = {directions, times(3)};
  const Dim rows = steps.known() && batch.known() ? Dim(steps.size * batch.size) : Dim();
  r.gates = {directions, rows, times(gates)};
  r.states = {directions, 2, rows, hidden};
  RETURN_IF_ERROR(expect_dims(c, 1, "W", {directions, times(gates), c.dims(0)[2]}));
  RETURN_IF_ERROR(expect_dims(c, 2, "R", {directions, times(gates), hidden}));
  RETURN_IF_ERROR(expect_dims(c, 3, "B", r.bias));
  RETURN_IF_ERROR(expect_dims(c, 4, "sequence_lens", {batch}));
  RETURN_IF_ERROR(expect_dims(c, 5, "initial_h", r.state));
  RETURN_IF_ERROR(expect_dims(c, 6, "initial_c", r.state));
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (i != 4 && c.has_input(i)) RETURN_IF_ERROR(expect_dtype(c, i, {c.dtype(0)}));
  }
  if (c.has_input(4)) RETURN_IF_ERROR(expect_dtype(c, 4, {DType::i32}));
  return r;
}

Status infer_recurrent(InferContext& c) {
  Cell cell = TRY(cell_of(c.node().op_type));
  RecurrentDims r = TRY(recurrent_dims(c, cell));
  RETURN_IF_ERROR(expect_dims(c, 7, "P", r.peepholes));
  if (c.has_output(3) != c.has_output(4)) {
    return invalid("one of outputs 3 and 4 (gates and states, for training) is left out; expected both or neither");
  }
  c.set(0, c.dtype(0), r.y);
  c.set(1, c.dtype(0), r.state);
  if (cell == Cell::lstm) c.set(2, c.dtype(0), r.state);
  c.set(3, c.dtype(0), r.gates);
  c.set(4, c.dtype(0), r.states);
  return {};
}

Result<Kernel> prepare_recurrent(const PrepareContext& c) {
  kernels::RecurrentSpec spec = TRY(recurrent_spec(c.node(), TRY(cell_of(c.node().op_type)), c.in(0), c.in(2)));
  spec.constant_w = c.constant(1);
  spec.constant_r = c.constant(2);
  const bool taped = c.node().has_output(3) || c.node().has_output(4);  // something learns before it
  const bool plain = kernels::plain_lstm(spec) && !c.has_input(7) && !taped && !spec.bf16;
  auto make = plain ? kernels::make_lstm : kernels::make_recurrent;
  return padded_kernel(TRY(make(spec, pack_through(c))), c);
}

Result<Values> recurrent_gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  if (n.has_input(7)) return unsupported(fmt::format("{}: no gradient with peepholes", describe(n)));
  Attributes attributes = n.attributes;
  attributes.erase("hidden_size");
  attributes.set("cell", n.op_type);
  auto at = [](const Values& values, size_t i) { return i < values.size() ? values[i] : ValueId{}; };
  Values inputs;
  for (size_t i = 0; i < 7; ++i) inputs.push_back(at(x, i));
  for (size_t i = 0; i < 3; ++i) inputs.push_back(at(dy, i));
  if (n.has_output(3) && n.has_output(4)) inputs.insert(inputs.end(), {y[3], y[4]});
  Values g = b.ops("RecurrentGrad", inputs, kOutputs, attributes, "slipway");
  Values dx(x.size());
  constexpr size_t kInputOf[kOutputs] = {0, 1, 2, 3, 5, 6};
  for (size_t i = 0; i < kOutputs; ++i) {
    if (at(x, kInputOf[i]).valid()) dx[kInputOf[i]] = g[i];
  }
  return dx;
}

std::vector<Sample> recurrent_samples(Cell cell) {
  int64_t gates = cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1, n = 5, input = 3, batch = 2, steps = 4;
  auto weights = [&](int64_t d) {
    return std::vector<Sample::Input>{random_input({d, gates * n, input}), random_input({d, gates * n, n}),
                                      random_input({d, 2 * gates * n})};
  };
  auto with = [&](Sample::Input x, int64_t d) {
    std::vector<Sample::Input> inputs = {std::move(x)};
    for (Sample::Input& w : weights(d)) inputs.push_back(std::move(w));
    return inputs;
  };
  int outputs = cell == Cell::lstm ? 3 : 2;
  Sample plain{.inputs = with(random_input({steps, batch, input}), 1), .outputs = outputs};
  for (size_t i : {1, 2, 3}) plain.inputs[i].constant = true;
  Sample both{.inputs = with(random_input({steps, batch, input}), 2),
              .attributes = {{"direction", std::string("bidirectional")}, {"hidden_size", n}},
              .outputs = outputs};
  both.inputs.push_back(fixed(Tensor::of<int32_t>({batch}, {4, 2})));
  both.inputs.push_back(random_input({2, batch, n}));
  if (cell == Cell::lstm) both.inputs.push_back(random_input({2, batch, n}));
  Sample batch_first{.inputs = with(random_input({batch, steps, input}), 1),
                     .attributes = {{"direction", std::string("reverse")}, {"layout", int64_t{1}}}};
  batch_first.inputs.pop_back();
  return {plain, both, batch_first};
}

}  // namespace slipway::ops
