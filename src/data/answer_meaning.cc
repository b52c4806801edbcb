// Answer meaning: from a model's last operators and its classes to scores.
#include "data/answer_meaning.h"

#include <algorithm>
#include <cmath>

namespace slipway {

namespace {

// Whether the first output is the result of `op_type`, whatever changes its shape behind.
bool ends_in(const Graph& model, std::string_view op_type) {
  std::vector<NodeId> producers = model.producers();
  for (ValueId id = model.outputs.empty() ? ValueId() : model.outputs[0]; id.valid();) {
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
  if (model.outputs.empty()) return AnswerKind::numbers;
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

AnswerMeaning answer_meaning(const Graph& model, const Preparation& preparation) {
  return {kind_of(model, preparation), ends_in(model, "Softmax") || ends_in(model, "Sigmoid"), preparation.classes};
}

Tensor AnswerMeaning::scores(const Tensor& output) const {
  if (kind == AnswerKind::numbers) return output;
  const auto count = static_cast<int64_t>(classes.size());
  const int64_t n = output.dim(0);
  Tensor scores(DType::f32, {n, count});
  std::span<const float> x = output.data<float>();
  std::span<float> y = scores.mutable_data<float>();
  if (kind == AnswerKind::binary) {
    for (size_t i = 0; i < x.size(); ++i) {
      y[2 * i + 1] = probabilities ? x[i] : sigmoid(x[i]);
      y[2 * i] = 1 - y[2 * i + 1];
    }
    return scores;
  }
  std::ranges::copy(x, y.begin());
  if (probabilities) return scores;
  if (kind == AnswerKind::labels) std::ranges::transform(y, y.begin(), sigmoid);
  for (int64_t i = 0; kind == AnswerKind::classes && i < n; ++i) {
    softmax(y.subspan(static_cast<size_t>(i * count), static_cast<size_t>(count)));
  }
  return scores;
}

Best best_of(std::span<const float> scores) {
  auto best = std::ranges::max_element(scores);
  return {static_cast<size_t>(best - scores.begin()), *best};
}

}  // namespace slipway
