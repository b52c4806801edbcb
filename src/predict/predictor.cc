// Front, model, and what its answers mean.
#include "predict/predictor.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slipway {

namespace {

// Whether the first output is the result of `op_type`, whatever changes its shape behind.
bool ends_in(const Graph& model, std::string_view op_type) {
  std::vector<NodeId> producers = model.producers();
  for (ValueId id = model.outputs[0]; id.valid();) {
    NodeId producer = producers[static_cast<size_t>(id.index)];
    if (!producer.valid()) return false;
    const Node& node = model.node(producer);
    if (node.op_type == op_type) return true;
    bool passes = node.op_type == "Identity" || node.op_type == "Reshape" || node.op_type == "Cast" ||
                  node.op_type == "QuantizeLinear" || node.op_type == "DequantizeLinear";
    if (!passes) return false;
    id = node.inputs[0];
  }
  return false;
}

AnswerKind kind_of(const Graph& model, const Preparation& preparation) {
  const Value& output = model.value(model.outputs[0]);
  const auto classes = static_cast<int64_t>(preparation.classes.size());
  if (classes == 0 || output.dtype != DType::f32 || !output.dims || output.dims->size() > 2) {
    return AnswerKind::numbers;
  }
  const Dim width = output.dims->size() == 2 ? output.dims->back() : Dim(1);
  if (classes == 2 && width.known() && width.size == 1) return AnswerKind::binary;
  if (!width.known() || width.size != classes) return AnswerKind::numbers;
  return preparation.task == "multi_label" ? AnswerKind::labels : AnswerKind::classes;
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

void softmax(std::span<float> row) {
  const float most = *std::ranges::max_element(row);
  float sum = 0;
  for (float& x : row) sum += x = std::exp(x - most);
  for (float& x : row) x /= sum;
}

}  // namespace

Result<Predictor> Predictor::create(const Graph& model, int threads) {
  if (std::string note = old_preparation_note(model); !note.empty()) return failed_precondition(note);
  Predictor p;
  if (std::optional<Preparation> found = TRY(preparation_of(model))) p.preparation_ = *std::move(found);
  p.model_ = TRY(Session::create(model, {.threads = threads}));
  p.kind_ = kind_of(model, p.preparation_);
  p.probabilities_ = ends_in(model, "Softmax") || ends_in(model, "Sigmoid");
  if (p.preparation_.front.outputs.empty()) {
    for (const Port& port : p.model_->inputs()) {
      p.inputs_.push_back({port.name, RawInput::Kind::tensor, tensor_type(port.dtype, port.dims), ""});
    }
    return p;
  }
  p.inputs_ = raw_inputs(p.preparation_.front);
  p.front_ = TRY(Session::create(p.preparation_.front, {.threads = threads}));
  const std::vector<std::string>& tensors = p.preparation_.tensors;
  for (const Port& port : p.model_->inputs()) {
    auto at = std::ranges::find(tensors, port.name);
    if (at == tensors.end()) {
      return invalid(fmt::format("the preparation makes no input \"{}\" of the model", port.name));
    }
    p.order_.push_back(static_cast<size_t>(at - tensors.begin()));
  }
  return p;
}

Result<std::vector<Tensor>> Predictor::tensors(std::span<const Tensor> raw) const {
  if (front_ == nullptr) return std::vector<Tensor>(raw.begin(), raw.end());
  std::vector<Tensor> made = TRY(front_->run(raw));
  std::vector<Tensor> ordered;
  for (size_t at : order_) ordered.push_back(made[at]);
  return ordered;
}

Result<std::vector<Tensor>> Predictor::run(std::span<const Tensor> raw) const { return model_->run(TRY(tensors(raw))); }

Tensor Predictor::scores(const Tensor& output) const {
  if (kind_ == AnswerKind::numbers) return output;
  const auto classes = static_cast<int64_t>(preparation_.classes.size());
  const int64_t n = output.dim(0);
  Tensor scores(DType::f32, {n, classes});
  std::span<const float> x = output.data<float>();
  std::span<float> y = scores.mutable_data<float>();
  if (kind_ == AnswerKind::binary) {
    for (size_t i = 0; i < x.size(); ++i) {
      y[2 * i + 1] = probabilities_ ? x[i] : sigmoid(x[i]);
      y[2 * i] = 1 - y[2 * i + 1];
    }
    return scores;
  }
  std::ranges::copy(x, y.begin());
  if (probabilities_) return scores;
  if (kind_ == AnswerKind::labels) std::ranges::transform(y, y.begin(), sigmoid);
  for (int64_t i = 0; kind_ == AnswerKind::classes && i < n; ++i) {
    softmax(y.subspan(static_cast<size_t>(i * classes), static_cast<size_t>(classes)));
  }
  return scores;
}

Best best_of(std::span<const float> scores) {
  auto best = std::ranges::max_element(scores);
  return {static_cast<size_t>(best - scores.begin()), *best};
}

}  // namespace slipway
