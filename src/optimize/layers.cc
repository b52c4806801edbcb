// Layers found; weights in int8.
#include "optimize/layers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "graph/captures.h"
#include "graph/operator.h"

namespace slipway::optimize {

namespace {

constexpr float kLargest = 127;
constexpr float kSmallestScale = std::numeric_limits<float>::min();  // below it a float loses digits

// Which inputs of an operator are weights.
struct WeightInputs {
  std::string_view op;
  size_t first;
  size_t last;
  bool prunable;
};
constexpr WeightInputs kWeightInputs[] = {
    {"Conv", 1, 1, true}, {"ConvTranspose", 1, 1, true}, {"DeformConv", 1, 1, true},
    {"GRU", 1, 2, true},  {"Gather", 0, 0, false},       {"Gemm", 0, 1, true},
    {"LSTM", 1, 2, true}, {"MatMul", 0, 1, true},        {"RNN", 1, 2, true},
};

const WeightInputs* weight_inputs(const Node& node) {
  if (!node.domain.empty()) return nullptr;
  const auto* found = std::ranges::find(kWeightInputs, std::string_view(node.op_type), &WeightInputs::op);
  return found == std::end(kWeightInputs) ? nullptr : found;
}

bool is_weight(const Value& value) {
  return value.data.defined() && value.dtype == DType::f32 && value.data.rank() >= 2;
}

// Those inputs of the node that are weights, and constant.
std::vector<ValueId> constant_weights(const Graph& graph, const Node& node) {
  std::vector<ValueId> found;
  const WeightInputs* at = weight_inputs(node);
  for (size_t i = at != nullptr ? at->first : 1; at != nullptr && i <= at->last; ++i) {
    if (node.has_input(i) && is_weight(graph.value(node.inputs[i]))) found.push_back(node.inputs[i]);
  }
  return found;
}

bool weights_inside(const Node& node) {
  return std::ranges::any_of(bodies(node), [](const Body& body) {
    return std::ranges::any_of(body.second->nodes(), [&](const Node& inner) {
      return !constant_weights(*body.second, inner).empty() || weights_inside(inner);
    });
  });
}

// Why a node of which weights are expected has none.
std::string computed_weight(const Graph& graph, const Node& node) {
  if (node.op_type == "MatMul" || node.op_type == "Gemm") return "neither factor is a constant float32 matrix";
  return fmt::format("its weight \"{}\" is no constant float32 filter", graph.value(node.inputs[1]).name);
}

void skip(std::vector<std::string>* skipped, const Node& node, std::string_view why) {
  if (skipped != nullptr) skipped->push_back(fmt::format("{}: {}", describe(node), why));
}

int64_t channel_axis(const Node& node, int64_t rank) {
  if (node.op_type == "Gemm") return node.integer("transB") != 0 ? 0 : 1;
  if (node.op_type == "MatMul") return rank - 1;
  if (node.op_type == "ConvTranspose") return 1;
  return 0;
}

}  // namespace

std::vector<Layer> layers(const Graph& graph, std::vector<std::string>* skipped) {
  std::vector<Layer> found;
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    if (node.op == nullptr || node.op->quant.kind != Quant::weighted || node.inputs.size() < 2) {
      if (!constant_weights(graph, node).empty()) skip(skipped, node, "its operator has no int8 form");
      if (weights_inside(node)) skip(skipped, node, "the weights are inside its body");
      continue;
    }
    const Value& weight = graph.value(node.inputs[1]);
    if (!is_weight(weight)) {
      const bool first = !constant_weights(graph, node).empty();
      skip(skipped, node, first ? "its weight is the first factor" : computed_weight(graph, node));
      continue;
    }
    found.push_back({n, node.inputs[1], channel_axis(node, weight.data.rank())});
  }
  return found;
}

std::vector<ValueId> prunable_weights(const Graph& graph, std::vector<std::string>* skipped) {
  std::vector<ValueId> found;
  for (const Node& node : graph.nodes()) {
    if (weights_inside(node)) skip(skipped, node, "the weights are inside its body");
    const WeightInputs* kind = weight_inputs(node);
    if (kind == nullptr) continue;
    std::vector<ValueId> weights = constant_weights(graph, node);
    if (!kind->prunable) {
      if (!weights.empty()) skip(skipped, node, "rows of a table are no weights that could be left out one by one");
      continue;
    }
    if (weights.empty()) skip(skipped, node, computed_weight(graph, node));
    for (ValueId weight : weights) {
      if (std::ranges::find(found, weight) == found.end()) found.push_back(weight);
    }
  }
  return found;
}

std::vector<float> least_weight_scales(std::span<const float> bias, float x_scale) {
  constexpr double kMost = std::numeric_limits<int32_t>::max();
  constexpr double kRoom = 1.0001;  // for the rounding of both scales to float32
  std::vector<float> least;
  for (float b : bias) {
    // The product of both scales is a float32, too.
    const double product = std::max(std::abs(static_cast<double>(b)) / kMost, static_cast<double>(kSmallestScale));
    const double scale = kRoom * product / static_cast<double>(x_scale);
    least.push_back(static_cast<float>(std::min<double>(scale, std::numeric_limits<float>::max())));
  }
  return least;
}

Int8Weight quantize_weight(const Tensor& weight, int64_t axis, std::span<const float> least) {
  const Shape& shape = weight.shape();
  const auto channels = static_cast<size_t>(shape[static_cast<size_t>(axis)]);
  const int64_t inner = row_major_strides(shape)[static_cast<size_t>(axis)];
  auto channel = [&](int64_t i) { return static_cast<size_t>(i / inner) % channels; };
  std::span<const float> from = weight.data<float>();
  std::vector<float> largest(channels, 0);
  for (int64_t i = 0; i < weight.count(); ++i) {
    float& most = largest[channel(i)];
    most = std::max(most, std::abs(from[static_cast<size_t>(i)]));
  }
  Int8Weight out{Tensor(DType::i8, shape), {}};
  for (size_t c = 0; c < channels; ++c) {
    out.scale.push_back(largest[c] > 0 ? std::max(largest[c] / kLargest, kSmallestScale) : 1.f);
    if (!least.empty()) out.scale[c] = std::max(out.scale[c], least[c]);
  }
  std::span<int8_t> to = out.data.mutable_data<int8_t>();
  for (int64_t i = 0; i < weight.count(); ++i) {
    auto at = static_cast<size_t>(i);
    to[at] = static_cast<int8_t>(std::clamp(std::nearbyint(from[at] / out.scale[channel(i)]), -kLargest, kLargest));
  }
  return out;
}

std::optional<std::string> not_plain_product(const Graph& graph, const Node& node) {
  if (node.op_type == "MatMul") {
    if (graph.value(node.inputs[1]).data.rank() == 2) return std::nullopt;
    return "its weight is a batch of matrices";
  }
  if (node.op_type != "Gemm") return "it is no product";
  if (node.real("alpha") != 1.f || node.integer("transA") != 0) return "it scales or transposes its input";
  if (node.has_input(2) && node.real("beta") != 1.f) return "it scales its bias";
  return std::nullopt;
}

}  // namespace slipway::optimize
