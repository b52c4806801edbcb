// Measuring targets, and the two nodes that give them their unit back.
#include "train/target_scaling.h"

#include <algorithm>
#include <cmath>

#include "graph/builder.h"
#include "ops/all.h"
#include "train/losses.h"

namespace slipway::train {

namespace {

constexpr const char* kScale = "target_scale";
constexpr const char* kOffset = "target_offset";

const Node* producer_of(const Graph& model, ValueId id) {
  const NodeId producer = model.producers()[static_cast<size_t>(id.index)];
  return producer.valid() ? &model.node(producer) : nullptr;
}

// The other input of a node with a constant of this name; invalid: there is none.
ValueId beside_constant(const Graph& model, const Node* node, std::string_view op_type, std::string_view name) {
  const bool found = node != nullptr && node->op_type == op_type && node->inputs.size() == 2 &&
                     model.is_constant(node->inputs[1]) && model.value(node->inputs[1]).name == name;
  return found ? node->inputs[0] : ValueId();
}

// Whether the value is what weights make of a layer's input, whatever changes its shape behind.
bool is_linear(const Graph& model, ValueId id) {
  for (const Node* node = producer_of(model, id); node != nullptr; node = producer_of(model, id)) {
    const std::string& op = node->op_type;
    if (op == "Gemm" || op == "MatMul") return true;
    const bool bias = op == "Add" && model.is_constant(node->inputs[1]) && model.value(node->inputs[1]).trainable;
    if (!bias && op != "Reshape" && op != "Flatten" && op != "Squeeze" && op != "Identity") return false;
    id = node->inputs[0];
  }
  return false;
}

bool is_asked_for(const Graph& model, const Dataset& data, const Loss& loss) {
  const std::string kind = data.preparation != nullptr ? data.preparation->kind : "";
  if ((kind != "table" && kind != "series") || !data.classes.empty() || !tells_gaps(loss)) return false;
  if (!data.labels.defined() || data.labels.dtype() != DType::f32 || data.window > 0) return false;
  if (model.outputs.size() != 1) return false;
  const Value& output = model.value(model.outputs[0]);
  const bool fits = output.dims && output.dims->size() == 2 && output.dims->back().known() &&
                    output.dims->back().size == data.label_width();
  return fits && is_linear(model, model.outputs[0]);
}

}  // namespace

std::optional<TargetScaling> target_scaling(const Graph& model, ValueId output) {
  const Node* sum = producer_of(model, output);
  const ValueId product = beside_constant(model, sum, "Add", kOffset);
  if (!product.valid()) return std::nullopt;
  const Node* times = producer_of(model, product);
  const ValueId before = beside_constant(model, times, "Mul", kScale);
  if (!before.valid()) return std::nullopt;
  return TargetScaling{before, times->inputs[1], sum->inputs[1]};
}

Status add_target_scaling(Graph& model, const Dataset& data, const Loss& loss) {
  if (!is_asked_for(model, data, loss)) return {};
  const int64_t width = data.label_width(), rows = data.size();
  Tensor scale(DType::f32, {width}), offset(DType::f32, {width});
  const std::span<const float> labels = data.labels.data<float>();
  for (int64_t t = 0; t < width; ++t) {
    double mean = 0, squares = 0;
    auto at = [&](int64_t row) { return static_cast<double>(labels[static_cast<size_t>(row * width + t)]); };
    for (int64_t row = 0; row < rows; ++row) mean += at(row) / static_cast<double>(rows);
    for (int64_t row = 0; row < rows; ++row) squares += (at(row) - mean) * (at(row) - mean);
    const auto deviation = static_cast<float>(std::sqrt(squares / static_cast<double>(rows)));
    // Rounding gives equal numbers a deviation, too.
    const bool constant = deviation <= 1e-6f * static_cast<float>(std::abs(mean));
    scale.mutable_data<float>()[static_cast<size_t>(t)] = constant || deviation == 0 ? 1 : deviation;
    offset.mutable_data<float>()[static_cast<size_t>(t)] = static_cast<float>(mean);
  }
  const ValueId before = model.outputs[0];
  const std::string name = model.value(before).name;
  model.rename(before, model.fresh_name(name + "_scaled"));
  Builder b(model, all_operators(), "");
  const ValueId answer = b.add(b.mul(before, b.constant(scale, kScale)), b.constant(offset, kOffset));
  RETURN_IF_ERROR(b.status());
  model.rename(answer, name);
  model.outputs = {answer};
  return {};
}

}  // namespace slipway::train
