// TFLite's layers with a state in ONNX. Every call of the result begins with the state that TFLite has after a reset:
// zero.
#include <fmt/format.h>

#include "formats/tflite_raise.h"

namespace slipway {

namespace {

// Inputs of LSTM and UNIDIRECTIONAL_SEQUENCE_LSTM, gate by gate: input, forget, cell, output.
constexpr size_t kWeights = 1, kRecurrent = 5, kPeepholes = 9, kBiases = 12, kProjection = 16, kNormalization = 20;
constexpr int64_t kMostSteps = 4096;

Result<std::string> activation_of(const Node& node) {
  std::string activation = node.text("fused_activation_function");
  if (activation == "TANH") return std::string("Tanh");
  if (activation == "RELU") return std::string("Relu");
  return unsupported(fmt::format("fused activation {} of a recurrent layer is not known here", activation));
}

ValueId first_axis(Raiser& r, ValueId x) { return r.op("Unsqueeze", {x, r.constant_ints({0})}); }

class Lstm {
 public:
  Lstm(Raiser& r, const Node& node, bool sequence) : r_(r), node_(node), sequence_(sequence) {}

  Status raise() {
    RETURN_IF_ERROR(check());
    activation_ = TRY(activation_of(node_));
    const Dims& dims = r_.dims(node_.inputs[0]);
    if (dims.size() != (sequence_ ? 3u : 2u)) return data_loss(fmt::format("its input is {}", to_string(dims)));
    bool batch_first = sequence_ && node_.integer("time_major") == 0;
    time_ = batch_first ? 1 : 0;
    const Dim steps = sequence_ ? dims[static_cast<size_t>(time_)] : Dim(1);
    gather();
    ValueId x = r_.input(node_, 0);
    if (!sequence_) x = first_axis(r_, x);
    float clip = node_.real("cell_clip");
    // |c| grows by 1 in a step at most where its activation is tanh.
    bool within = steps.known() && activation_ == "Tanh" && static_cast<float>(steps.size) <= clip;
    ValueId y;
    if (clip == 0.f || within) {
      y = whole(x);
    } else if (steps.known() && steps.size >= 1 && steps.size <= kMostSteps) {
      y = step_by_step(x, steps.size, clip);
    } else {
      return unsupported(
          fmt::format("cell_clip = {} over {} steps, which ONNX's LSTM has no word for", clip, to_string(steps)));
    }
    r_.set(node_, 0, sequence_ ? y : r_.op("Squeeze", {y, r_.constant_ints({0})}));
    return {};
  }

 private:
  Status check() const {
    if (node_.has_input(kProjection)) return unsupported("a projection of its state is not known here");
    for (size_t i = kNormalization; i < node_.inputs.size(); ++i) {
      if (node_.has_input(i)) return unsupported("layer normalization inside is not known here");
    }
    if (node_.inputs.size() < kProjection) return data_loss(fmt::format("{} inputs; expected 20", node_.inputs.size()));
    if (node_.has("kernel_type") && node_.text("kernel_type") != "FULL")
      return unsupported("the basic kernel is not known here");
    if (node_.has("diagonal_recurrent_tensors") && node_.integer("diagonal_recurrent_tensors") != 0) {
      return unsupported("diagonal recurrent weights are not known here");
    }
    for (size_t i : {size_t{0}, kWeights + 1, kRecurrent + 1}) {
      if (!node_.has_input(i)) return data_loss(fmt::format("input {} is missing", i));
    }
    return {};
  }

  // Gates in ONNX's order: input, output, forget, cell. Without an input gate it is 1 - forget = sigmoid(-...).
  ValueId gates(size_t first, size_t count) {
    Values all;
    for (size_t gate : {size_t{0}, count - 1, size_t{1}, size_t{2}}) {
      if (all.size() == count) break;
      bool coupled = gate == 0 && !node_.has_input(kWeights);
      if (!node_.has_input(first + (coupled ? 1 : gate))) return {};
      ValueId part = r_.input(node_, first + (coupled ? 1 : gate));
      all.push_back(coupled ? r_.op("Neg", {part}) : part);
    }
    return r_.op("Concat", std::move(all), {{"axis", int64_t{0}}});
  }

  void gather() {
    weights_ = gates(kWeights, 4);
    recurrent_ = gates(kRecurrent, 4);
    bias_ = gates(kBiases, 4);
    peepholes_ = gates(kPeepholes, 3);
  }

  // ONNX's LSTM.
  ValueId whole(ValueId x) {
    Values inputs{x, first_axis(r_, weights_), first_axis(r_, recurrent_)};
    if (bias_.valid()) {
      ValueId none = r_.op("Sub", {bias_, bias_});
      inputs.push_back(first_axis(r_, r_.op("Concat", {bias_, none}, {{"axis", int64_t{0}}})));
    }
    if (peepholes_.valid()) {
      inputs.resize(7);
      inputs.push_back(first_axis(r_, peepholes_));
    }
    Attributes attributes{{"layout", time_}, {"hidden_size", r_.dims(node_.inputs[kWeights + 1])[0].size}};
    if (activation_ != "Tanh")
      attributes.set("activations", std::vector<std::string>{"Sigmoid", activation_, activation_});
    ValueId y = r_.op("LSTM", std::move(inputs), std::move(attributes));
    return r_.op("Squeeze", {y, r_.constant_ints({time_ + 1})});
  }

  // The same with c clipped after every step.
  ValueId step_by_step(ValueId x, int64_t steps, float clip) {
    x = r_.op("MatMul", {x, r_.transposed(weights_, {1, 0})});
    if (bias_.valid()) x = r_.op("Add", {x, bias_});
    ValueId recurrent = r_.transposed(recurrent_, {1, 0});
    Values peeps;
    if (peepholes_.valid())
      peeps = r_.ops("Split", {peepholes_}, 3, {{"axis", int64_t{0}}, {"num_outputs", int64_t{3}}});
    ValueId axis = r_.constant_ints({time_}), h, c;
    Values xs{x}, hs;
    if (steps > 1) xs = r_.ops("Split", {x}, static_cast<int>(steps), {{"axis", time_}, {"num_outputs", steps}});
    for (ValueId now : xs) {
      ValueId sum = r_.op("Squeeze", {now, axis});
      if (h.valid()) sum = r_.op("Add", {sum, r_.op("MatMul", {h, recurrent})});
      Values z = r_.ops("Split", {sum}, 4, {{"axis", int64_t{1}}, {"num_outputs", int64_t{4}}});
      auto peep = [&](size_t gate, size_t of) {
        if (!peeps.empty() && c.valid()) z[gate] = r_.op("Add", {z[gate], r_.op("Mul", {peeps[of], c})});
        return r_.op("Sigmoid", {z[gate]});
      };
      ValueId fresh = r_.op("Mul", {peep(0, 0), r_.op(activation_, {z[3]})});
      ValueId sums = c.valid() ? r_.op("Add", {r_.op("Mul", {peep(2, 2), c}), fresh}) : fresh;
      c = r_.op("Clip", {sums, r_.scalar(-clip), r_.scalar(clip)});
      h = r_.op("Mul", {peep(1, 1), r_.op(activation_, {c})});
      hs.push_back(r_.op("Unsqueeze", {h, axis}));
    }
    return hs.size() == 1 ? hs[0] : r_.op("Concat", std::move(hs), {{"axis", time_}});
  }

  Raiser& r_;
  const Node& node_;
  const bool sequence_;
  std::string activation_;
  int64_t time_ = 0;  // the axis of steps
  ValueId weights_, recurrent_, bias_, peepholes_;
};

Status lstm(Raiser& r, const Node& node) { return Lstm(r, node, false).raise(); }
Status sequence_lstm(Raiser& r, const Node& node) { return Lstm(r, node, true).raise(); }

// Inputs: x, weights [units, in], recurrent weights [units, units], bias, state.
Status recurrent(Raiser& r, const Node& node, bool sequence) {
  std::string activation = TRY(activation_of(node));
  for (size_t i = 0; i < 4; ++i) {
    if (!node.has_input(i)) return data_loss(fmt::format("input {} is missing", i));
  }
  int64_t time = sequence && node.integer("time_major") == 0 ? 1 : 0;
  ValueId x = r.input(node, 0), bias = r.input(node, 3);
  if (!sequence) x = first_axis(r, x);
  ValueId biases = r.op("Concat", {bias, r.op("Sub", {bias, bias})}, {{"axis", int64_t{0}}});
  Attributes attributes{{"layout", time},
                        {"hidden_size", r.dims(node.inputs[1])[0].size},
                        {"activations", std::vector<std::string>{activation}}};
  ValueId y = r.op("RNN", {x, first_axis(r, r.input(node, 1)), first_axis(r, r.input(node, 2)), first_axis(r, biases)},
                   std::move(attributes));
  y = r.op("Squeeze", {y, r.constant_ints({time + 1})});
  r.set(node, 0, sequence ? y : r.op("Squeeze", {y, r.constant_ints({0})}));
  return {};
}
Status rnn(Raiser& r, const Node& node) { return recurrent(r, node, false); }
Status sequence_rnn(Raiser& r, const Node& node) { return recurrent(r, node, true); }

// y[u] = activation(sum over the rank's filters f of u of (x . features[f]) times[f, last] + bias[u]): what the memory
// of zeros leaves of the layer. Inputs: x, features [units * rank, in], times [units * rank, memory], bias, state.
Status svdf(Raiser& r, const Node& node) {
  int64_t rank = node.integer("rank");
  for (size_t i = 0; i < 3; ++i) {
    if (!node.has_input(i) || r.dims(node.inputs[i]).size() != 2)
      return data_loss(fmt::format("input {} is no matrix", i));
  }
  const Dims& times = r.dims(node.inputs[2]);
  bool fits = rank >= 1 && times[0].known() && times[1].known() && times[1].size >= 1 && times[0].size % rank == 0;
  if (!fits) return data_loss(fmt::format("rank {} of filters {}", rank, to_string(times)));
  ValueId features = r.op("MatMul", {r.input(node, 0), r.filter(node, 1, {1, 0})});
  ValueId last = r.op("Gather", {r.input(node, 2), r.constant_ints({times[1].size - 1})}, {{"axis", int64_t{1}}});
  ValueId weighed = r.op("Mul", {features, r.op("Reshape", {last, r.constant_ints({1, times[0].size})})});
  ValueId by_unit = r.op("Reshape", {weighed, r.constant_ints({-1, times[0].size / rank, rank})});
  ValueId y = r.op("ReduceSum", {by_unit, r.constant_ints({2})}, {{"keepdims", int64_t{0}}});
  if (node.has_input(3)) y = r.op("Add", {y, r.input(node, 3)});
  r.set(node, 0, TRY(r.activated(node, y)));
  return {};
}

constexpr RaiseRule kRules[] = {
    {"LSTM", lstm},
    {"RNN", rnn},
    {"SVDF", svdf},
    {"UNIDIRECTIONAL_SEQUENCE_LSTM", sequence_lstm},
    {"UNIDIRECTIONAL_SEQUENCE_RNN", sequence_rnn},
};

}  // namespace

std::span<const RaiseRule> raise_recurrent_rules() { return kRules; }

}  // namespace slipway
