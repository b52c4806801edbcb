// One stretch of nodes for each step of LSTM, GRU and RNN; the formulas are those of ONNX's operators of these names.
#include "convert/unroll_recurrent.h"

#include <algorithm>

#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "ops/recurrent.h"

namespace slipway::convert {

namespace {

using kernels::Cell;

constexpr int64_t kMostSteps = 1024;  // each is about a dozen nodes

// ONNX's words for what a gate does; "" for the ones that are left alone.
const char* activation_of(const std::string& name) {
  for (const char* known : {"Sigmoid", "Tanh", "Relu"}) {
    if (name == known) return known;
  }
  return "";
}

class Unroll {
 public:
  Unroll(Graph& graph, const Node& node, Cell cell)
      : b_(graph, all_operators(), node.name + "/"),
        node_(node),
        cell_(cell),
        batch_first_(node.integer("layout") != 0),
        bidirectional_(node.text("direction") == "bidirectional"),
        gates_(kernels::gates_of(cell)),
        steps_((*graph.value(node.inputs[0]).dims)[batch_first_ ? 1 : 0].size),
        hidden_((*graph.value(node.inputs[2]).dims)[2].size) {}

  Status run() {
    Values y, h, c;
    for (int64_t d = 0; d < (bidirectional_ ? 2 : 1); ++d) {
      direction(d, bidirectional_ ? d == 1 : node_.text("direction") == "reverse");
      if (node_.has_output(0)) y.push_back(sequence());
      h.push_back(b_.op("Unsqueeze", {h_, b_.ints({batch_first_ ? 1 : 0})}));
      if (c_.valid()) c.push_back(b_.op("Unsqueeze", {c_, b_.ints({batch_first_ ? 1 : 0})}));
    }
    if (!y.empty()) give(0, joined(y, batch_first_ ? 2 : 1));
    give(1, joined(h, batch_first_ ? 1 : 0));
    if (!c.empty()) give(2, joined(c, batch_first_ ? 1 : 0));
    return b_.status();
  }

 private:
  // Makes output i of the node the result `value`.
  void give(size_t i, ValueId value) {
    if (!node_.has_output(i) || !b_.status().ok()) return;
    Node same;
    same.op_type = "Identity";
    same.op = all_operators().find("Identity");
    same.name = b_.graph().value(node_.outputs[i]).name;
    same.inputs = {value};
    same.outputs = {node_.outputs[i]};
    b_.graph().add_node(std::move(same));
  }

  ValueId joined(const Values& parts, int64_t axis) {
    return parts.size() == 1 ? parts[0] : b_.op("Concat", parts, {{"axis", axis}});
  }

  // Part d of `directions` along `axis`, without that axis.
  ValueId of_direction(ValueId whole, int64_t axis, int64_t d) {
    ValueId part = whole;
    if (bidirectional_) {
      part = b_.op("Slice", {whole, b_.ints({d}), b_.ints({d + 1}), b_.ints({axis})});
    }
    return b_.op("Squeeze", {part, b_.ints({axis})});
  }

  Values parts(ValueId whole, int64_t axis, int64_t count) {
    if (count == 1) return {whole};
    return b_.ops("Split", {whole}, static_cast<int>(count), {{"axis", axis}, {"num_outputs", count}});
  }

  // columns [from, to) of gates: [.., gates * hidden]
  ValueId gate_rows(ValueId weights, int64_t from, int64_t to) {
    return b_.op("Slice", {weights, b_.ints({from * hidden_}), b_.ints({to * hidden_}), b_.ints({0})});
  }

  ValueId transposed(ValueId matrix) { return b_.op("Transpose", {matrix}, {{"perm", std::vector<int64_t>{1, 0}}}); }

  ValueId initial(size_t i, int64_t d) {
    return node_.has_input(i) ? of_direction(node_.inputs[i], batch_first_ ? 1 : 0, d) : ValueId{};
  }

  ValueId activated(size_t which, ValueId x) {
    std::vector<std::string> names = node_.strings("activations");
    const char* defaults[] = {cell_ == Cell::rnn ? "Tanh" : "Sigmoid", "Tanh", "Tanh"};
    size_t at = static_cast<size_t>(d_) * kernels::functions_of(cell_) + which;
    return b_.op(names.empty() ? defaults[which] : activation_of(names[at]), {x});
  }

  // One whole direction: h_ and c_ are the last states then, hs_ every h in the order of time.
  void direction(int64_t d, bool reverse) {
    d_ = d;
    recurrent_ = of_direction(node_.inputs[2], 0, d);
    h_ = initial(5, d);
    c_ = cell_ == Cell::lstm ? initial(6, d) : ValueId{};
    ValueId weights = of_direction(node_.inputs[1], 0, d);
    ValueId x = b_.op("MatMul", {node_.inputs[0], transposed(weights)});
    read_biases(d);
    if (input_bias_.valid()) x = b_.op("Add", {x, input_bias_});
    read_peepholes(d);
    prepare_products();
    Values inputs = parts(x, batch_first_ ? 1 : 0, steps_);
    hs_.assign(static_cast<size_t>(steps_), ValueId{});
    for (int64_t s = 0; s < steps_ && b_.status().ok(); ++s) {
      auto t = static_cast<size_t>(reverse ? steps_ - 1 - s : s);
      ValueId now = b_.op("Squeeze", {inputs[t], b_.ints({batch_first_ ? 1 : 0})});
      step(now);
      hs_[t] = h_;
    }
  }

  // B: [input biases, recurrent biases], gate by gate. All of it is added to the inputs but what a GRU resets.
  void read_biases(int64_t d) {
    input_bias_ = recurrent_bias_ = {};
    if (!node_.has_input(3)) return;
    ValueId bias = of_direction(node_.inputs[3], 0, d);
    ValueId of_input = gate_rows(bias, 0, gates_);
    ValueId of_state = gate_rows(bias, gates_, 2 * gates_);
    if (resets_after()) {
      recurrent_bias_ = gate_rows(of_state, 2, 3);
      ValueId none = b_.constant(Tensor(DType::f32, {hidden_}), "zeros");
      of_state = b_.op("Concat", {gate_rows(of_state, 0, 2), none}, {{"axis", int64_t{0}}});
    }
    input_bias_ = b_.add(of_input, of_state);
  }

  bool resets_after() const { return cell_ == Cell::gru && node_.integer("linear_before_reset") != 0; }

  void read_peepholes(int64_t d) {
    peepholes_.clear();
    if (cell_ == Cell::lstm && node_.has_input(7)) peepholes_ = parts(of_direction(node_.inputs[7], 0, d), 0, 3);
  }

  // The transposed recurrent weights; a GRU that resets before its product has those of the candidate by themselves.
  void prepare_products() {
    candidate_ = {};
    if (cell_ == Cell::gru) {
      candidate_ = transposed(gate_rows(recurrent_, 2, 3));
      recurrent_ = gate_rows(recurrent_, 0, 2);
    }
    recurrent_ = transposed(recurrent_);
  }

  // now: [batch, gates * hidden]
  void step(ValueId now) {
    if (cell_ == Cell::lstm) return lstm(now);
    if (cell_ == Cell::gru) return gru(now);
    if (h_.valid()) now = b_.add(now, b_.op("MatMul", {h_, recurrent_}));
    h_ = activated(0, now);
  }

  // i, o, f = f(X W + h R + b + P c), c = f c + i g(...), h = o h(c)
  void lstm(ValueId now) {
    if (h_.valid()) now = b_.add(now, b_.op("MatMul", {h_, recurrent_}));
    Values z = parts(now, 1, 4);
    if (!b_.status().ok()) return;
    bool peeps = !peepholes_.empty();
    if (peeps && c_.valid()) {
      z[0] = b_.add(z[0], b_.mul(peepholes_[0], c_));
      z[2] = b_.add(z[2], b_.mul(peepholes_[2], c_));
    }
    ValueId in = activated(0, z[0]);
    ValueId cell = b_.mul(in, activated(1, z[3]));
    if (c_.valid()) {
      bool coupled = node_.integer("input_forget") != 0;
      ValueId forget = coupled ? b_.sub(b_.scalar(1), in) : activated(0, z[2]);
      cell = b_.add(b_.mul(forget, c_), cell);
    }
    c_ = cell;
    if (peeps) z[1] = b_.add(z[1], b_.mul(peepholes_[1], c_));
    h_ = b_.mul(activated(0, z[1]), activated(2, c_));
  }

  // z, r = f(X W + h R + b), h~ = g(X W + (r h) R + b) or g(X W + b + r (h R + b)), h = h~ + z (h - h~)
  void gru(ValueId now) {
    Values x = b_.ops("Split", {now, b_.ints({2 * hidden_, hidden_})}, 2, {{"axis", int64_t{1}}});
    if (!b_.status().ok()) return;
    if (h_.valid()) x[0] = b_.add(x[0], b_.op("MatMul", {h_, recurrent_}));
    Values zr = parts(activated(0, x[0]), 1, 2);
    if (!b_.status().ok()) return;
    ValueId state;
    if (resets_after()) {
      state = recurrent_bias_;
      if (h_.valid()) {
        state = b_.op("MatMul", {h_, candidate_});
        if (recurrent_bias_.valid()) state = b_.add(state, recurrent_bias_);
      }
      if (state.valid()) state = b_.mul(zr[1], state);
    } else if (h_.valid()) {
      state = b_.op("MatMul", {b_.mul(zr[1], h_), candidate_});
    }
    ValueId fresh = activated(1, state.valid() ? b_.add(x[1], state) : x[1]);
    ValueId change = h_.valid() ? b_.sub(h_, fresh) : b_.neg(fresh);
    h_ = b_.add(fresh, b_.mul(zr[0], change));
  }

  // Y of one direction: [steps, 1, batch, hidden] or [batch, steps, 1, hidden]
  ValueId sequence() {
    Values wide;
    ValueId axes = b_.ints(batch_first_ ? std::vector<int64_t>{1, 2} : std::vector<int64_t>{0, 1});
    for (ValueId h : hs_) wide.push_back(b_.op("Unsqueeze", {h, axes}));
    return joined(wide, batch_first_ ? 1 : 0);
  }

  Builder b_;
  const Node node_;
  const Cell cell_;
  const bool batch_first_, bidirectional_;
  const int64_t gates_, steps_, hidden_;
  int64_t d_ = 0;
  ValueId recurrent_, candidate_, input_bias_, recurrent_bias_;
  Values peepholes_;
  ValueId h_, c_;
  Values hs_;
};

// Why the layer cannot be unrolled; "" when it can.
std::string obstacle(const Graph& graph, const Node& node) {
  const Value& x = graph.value(node.inputs[0]);
  const Value& r = graph.value(node.inputs[2]);
  if (!x.dims || x.dims->size() != 3 || !r.dims || r.dims->size() != 3 || !(*r.dims)[2].known()) {
    return "the ranks of its inputs or the size of its state are not known; fix the model's input shapes";
  }
  Dim steps = (*x.dims)[node.integer("layout") != 0 ? 1 : 0];
  if (!steps.known()) {
    return "the number of its steps is not known, and TFLite's own layer keeps its state between calls; fix the length "
           "of the model's sequences";
  }
  if (steps.size < 1 || steps.size > kMostSteps) {
    return fmt::format("{} steps; it is written step by step, 1 to {} of them", steps.size, kMostSteps);
  }
  if (node.has("clip")) return "clip has no form here";
  if (node.has_output(3) || node.has_output(4)) return "gates and states are outputs in training only";
  if (node.has_input(4)) {
    const Tensor& lengths = graph.value(node.inputs[4]).data;
    std::vector<int64_t> all = lengths.defined() ? lengths.to_ints() : std::vector<int64_t>{-1};
    if (std::any_of(all.begin(), all.end(), [&](int64_t n) { return n != steps.size; })) {
      return "sequence_lens: sequences of different lengths have no form in TFLite";
    }
  }
  for (const std::string& name : node.strings("activations")) {
    if (*activation_of(name) == 0) return fmt::format("activation {}; Sigmoid, Tanh and Relu can be said", name);
  }
  return "";
}

}  // namespace

Result<int> unroll_recurrent(Graph& graph, std::vector<Refusal>& refusals) {
  std::vector<Node> nodes = std::move(graph.nodes());
  graph.nodes().clear();
  int found = 0;
  for (Node& node : nodes) {
    const Result<Cell> cell = ops::cell_of(node.op_type);
    if (!cell.ok() || !node.domain.empty() || node.op == nullptr || graph.value(node.inputs[0]).dtype != DType::f32) {
      graph.add_node(std::move(node));
      continue;
    }
    std::string why = obstacle(graph, node);
    if (!why.empty()) {
      refusals.push_back({describe(node), std::move(why)});
      graph.add_node(std::move(node));
      continue;
    }
    Status status = Unroll(graph, node, *cell).run();
    if (!status.ok()) return status.at(describe(node));
    ++found;
  }
  return found;
}

}  // namespace slipway::convert
