// If, Loop, Scan and SequenceMap, trip by trip.
#include "runtime/control_flow.h"

#include <fmt/format.h>

#include "graph/captures.h"
#include "graph/operator.h"
#include "ops/control_flow.h"
#include "ops/scan.h"
#include "ops/sequences.h"
#include "runtime/row_stack.h"
#include "tensor/permute.h"

namespace slipway {

namespace {

Result<bool> truth(const Tensor& condition, const char* what) {
  if (condition.dtype() == DType::boolean && condition.count() == 1) return condition.data<bool>()[0];
  return invalid(fmt::format("{} is {}; expected one bool", what, to_string(condition.type())));
}

// What a scan output is when no trip was made: what the body says of inputs like those of a first trip; sizes that only
// contents would tell are 0.
Result<TensorType> row_type(const Graph& frozen, std::span<const Tensor> first, size_t output) {
  Graph body = frozen;
  for (size_t i = 0; i < first.size(); ++i) {
    if (!first[i].defined() || !is_tensor(first[i].dtype())) continue;
    Value& input = body.value(body.inputs[i]);
    input.dtype = first[i].dtype();
    input.dims = to_dims(first[i].shape());
  }
  if (!infer_types(body).ok()) body = frozen;
  ValueType type = ops::output_type(body, output);
  if (type.dtype == DType::undefined || !is_tensor(type.dtype)) {
    return invalid(fmt::format("no trip was made, and the type of output \"{}\" of the body is unknown",
                               body.value(body.outputs[output]).name));
  }
  TensorType row{type.dtype, {}};
  for (const Dim& dim : type.dims.value_or(Dims())) row.shape.push_back(dim.known() ? dim.size : 0);
  return row;
}

// Transposes of strings are not for `permuted`.
Result<Tensor> axis_moved(const Tensor& x, int64_t from, int64_t to) {
  if (from == to) return x;
  if (holds_objects(x.dtype())) return unsupported("strings are scanned along axis 0 only");
  std::vector<int64_t> order;
  for (int64_t d = 0; d < x.rank(); ++d) {
    if (d != from) order.push_back(d);
  }
  order.insert(order.begin() + to, from);
  return permuted(x, order);
}

class Runner {
 public:
  Runner(const Node& node, std::span<const Tensor> inputs, const RunBody& run_body, const LoopLimits& limits)
      : node_(node),
        inputs_(inputs),
        run_body_(run_body),
        limits_(limits),
        formal_(inputs.size() - captured_inputs(node)) {}

  Result<std::vector<Tensor>> run_if() {
    bool condition = TRY(truth(inputs_[0], "the condition"));
    std::vector<Tensor> outputs;
    RETURN_IF_ERROR(run_body_(condition ? "then_branch" : "else_branch", inputs_.subspan(formal_), outputs));
    return outputs;
  }

  Result<std::vector<Tensor>> run_loop();
  Result<std::vector<Tensor>> run_scan();
  Result<std::vector<Tensor>> run_sequence_map();

 private:
  // The inputs of a body whose last ones are captured.
  std::vector<Tensor> with_captures(size_t own) const {
    std::vector<Tensor> in(own);
    in.insert(in.end(), inputs_.begin() + static_cast<ptrdiff_t>(formal_), inputs_.end());
    return in;
  }

  // One trip of body `body`: outputs from `first` on go to the stacks.
  Status trip(std::span<const Tensor> in, std::vector<Tensor>& out, size_t first, std::vector<RowStack>& stacks);
  // in: the inputs of a trip.
  Result<Tensor> taken(RowStack& stack, std::span<const Tensor> in, size_t output) {
    TensorType none;
    if (stack.rows() == 0) none = TRY(row_type(*node_.graph("body"), in, output));
    return stack.take(none);
  }

  const Node& node_;
  std::span<const Tensor> inputs_;
  const RunBody& run_body_;
  const LoopLimits& limits_;
  size_t formal_;
};

Status Runner::trip(std::span<const Tensor> in, std::vector<Tensor>& out, size_t first, std::vector<RowStack>& stacks) {
  RETURN_IF_ERROR(run_body_("body", in, out));
  int64_t bytes = 0;
  for (size_t k = 0; k < stacks.size(); ++k) {
    RETURN_IF_ERROR(stacks[k].push(out[first + k]).at(fmt::format("scan output {}", k)));
    bytes += stacks[k].bytes();
  }
  if (bytes <= limits_.max_bytes) return {};
  return exhausted(fmt::format("the scan outputs take over {} bytes", limits_.max_bytes));
}

Result<std::vector<Tensor>> Runner::run_loop() {
  size_t carried = formal_ < 2 ? 0 : formal_ - 2;
  auto given = [&](size_t i) { return i < formal_ && inputs_[i].defined(); };
  std::optional<int64_t> count;
  if (given(0)) {
    if (inputs_[0].dtype() != DType::i64 || inputs_[0].count() != 1) {
      return invalid(fmt::format("the trip count is {}; expected one int64", to_string(inputs_[0].type())));
    }
    count = inputs_[0].data<int64_t>()[0];
  }
  bool go = !given(1) || TRY(truth(inputs_[1], "the condition"));
  std::vector<Tensor> in = with_captures(2 + carried);
  for (size_t i = 0; i < carried; ++i) in[2 + i] = inputs_[2 + i];
  in[1] = Tensor::scalar(go);
  std::vector<Tensor> out[2];  // of this trip and of the one before, whose buffers are free for the next
  std::vector<RowStack> stacks(node_.graph("body")->outputs.size() - 1 - carried, RowStack(count.value_or(0)));
  for (int64_t t = 0; go && (!count || t < *count); ++t) {
    if (t == limits_.max_trips) {
      return exhausted(
          fmt::format("made {} trips and would go on; its condition may never end it (see "
                      "SessionOptions::max_trips)",
                      t));
    }
    if (!in[0].defined() || !in[0].unique()) in[0] = Tensor(DType::i64, {});
    in[0].mutable_data<int64_t>()[0] = t;
    std::vector<Tensor>& now = out[t % 2];
    RETURN_IF_ERROR(trip(in, now, 1 + carried, stacks).at(fmt::format("trip {}", t)));
    go = TRY(truth(now[0], "the condition that the body gives"));
    for (size_t i = 0; i <= carried; ++i) in[1 + i] = now[i];
  }
  std::vector<Tensor> outputs(in.begin() + 2, in.begin() + 2 + static_cast<ptrdiff_t>(carried));
  if (!in[0].defined()) in[0] = Tensor::scalar<int64_t>(0);
  for (size_t k = 0; k < stacks.size(); ++k) outputs.push_back(TRY(taken(stacks[k], in, 1 + carried + k)));
  return outputs;
}

Result<std::vector<Tensor>> Runner::run_scan() {
  ops::ScanForm form = TRY(ops::scan_form(node_));
  std::vector<Tensor> scanned;  // the axis first
  int64_t trips = 0;
  for (size_t k = 0; k < form.scanned; ++k) {
    const Tensor& x = inputs_[form.states + k];
    if (!x.defined() || !is_tensor(x.dtype())) return invalid(fmt::format("scan input {} is no tensor", k));
    Result<int64_t> axis = normalize_axis(form.input_axes[k], x.rank());
    if (!axis.ok()) return axis.status().at(fmt::format("scan input {}", k));
    scanned.push_back(TRY(axis_moved(x, *axis, 0)));
    if (k == 0) trips = scanned[0].dim(0);
    if (scanned[k].dim(0) == trips) continue;
    return invalid(fmt::format("scan input {} has {} slices; expected {} as input 0", k, scanned[k].dim(0), trips));
  }
  std::vector<Tensor> in = with_captures(formal_);
  for (size_t i = 0; i < form.states; ++i) in[i] = inputs_[i];
  std::vector<Tensor> out[2];
  std::vector<RowStack> stacks(form.outputs, RowStack(trips));
  for (int64_t t = 0; t < trips; ++t) {
    for (size_t k = 0; k < form.scanned; ++k) {
      int64_t at = form.input_reversed[k] ? trips - 1 - t : t;
      const Shape& shape = scanned[k].shape();
      in[form.states + k] = scanned[k].rows(at, at + 1).reshaped(Shape(shape.begin() + 1, shape.end()));
    }
    std::vector<Tensor>& now = out[t % 2];
    RETURN_IF_ERROR(trip(in, now, form.states, stacks).at(fmt::format("slice {}", t)));
    for (size_t i = 0; i < form.states; ++i) in[i] = now[i];
  }
  for (size_t k = 0; k < form.scanned && trips == 0; ++k) {
    const Shape& shape = scanned[k].shape();
    in[form.states + k] = Tensor(scanned[k].dtype(), Shape(shape.begin() + 1, shape.end()));
  }
  std::vector<Tensor> outputs(in.begin(), in.begin() + static_cast<ptrdiff_t>(form.states));
  for (size_t k = 0; k < form.outputs; ++k) {
    Tensor stacked = TRY(taken(stacks[k], in, form.states + k));
    if (form.output_reversed[k] && stacked.dim(0) > 0) stacked = reversed_rows(stacked);
    Result<int64_t> axis = normalize_axis(form.output_axes[k], stacked.rank());
    if (!axis.ok()) return axis.status().at(fmt::format("scan output {}", k));
    outputs.push_back(TRY(axis_moved(stacked, 0, *axis)));
  }
  return outputs;
}

Result<std::vector<Tensor>> Runner::run_sequence_map() {
  const Sequence* first = TRY(ops::sequence_input(inputs_, 0));
  for (size_t i = 1; i < formal_; ++i) {
    if (inputs_[i].dtype() != DType::sequence) continue;
    size_t size = sequence_in(inputs_[i]).items.size();
    if (size == first->items.size()) continue;
    return invalid(fmt::format("input {} has {} items; expected {} as input 0", i, size, first->items.size()));
  }
  std::shared_ptr<const Graph> body = node_.graph("body");
  std::vector<std::vector<Tensor>> items(body->outputs.size());
  for (size_t t = 0; t < first->items.size(); ++t) {
    std::vector<Tensor> in = with_captures(formal_);
    for (size_t i = 0; i < formal_; ++i) {
      in[i] = inputs_[i].dtype() == DType::sequence ? sequence_in(inputs_[i]).items[t] : inputs_[i];
    }
    std::vector<Tensor> out;
    RETURN_IF_ERROR(run_body_("body", in, out).at(fmt::format("item {}", t)));
    for (size_t k = 0; k < items.size(); ++k) items[k].push_back(std::move(out[k]));
  }
  std::vector<Tensor> outputs;
  for (size_t k = 0; k < items.size(); ++k) {
    outputs.push_back(TRY(make_sequence(std::move(items[k]), ops::output_type(*body, k).dtype)));
  }
  return outputs;
}

}  // namespace

Result<std::vector<Tensor>> run_control_flow(const Node& node, std::span<const Tensor> inputs, const RunBody& run_body,
                                             const LoopLimits& limits) {
  Runner runner(node, inputs, run_body, limits);
  if (node.op_type == "If") return runner.run_if();
  if (node.op_type == "Loop") return runner.run_loop();
  if (node.op_type == "Scan") return runner.run_scan();
  if (node.op_type == "SequenceMap") return runner.run_sequence_map();
  return unsupported("its subgraphs cannot be run");
}

}  // namespace slipway
