// Layers found; weights in int8.
#include "optimize/layers.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "graph/operator.h"

namespace slipway::optimize {

namespace {

constexpr float kLargest = 127;

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
    if (node.op == nullptr || node.op->quant.kind != Quant::weighted || node.inputs.size() < 2) continue;
    const Value& weight = graph.value(node.inputs[1]);
    if (!weight.data.defined() || weight.dtype != DType::f32 || weight.data.rank() < 2) {
      if (skipped != nullptr) {
        skipped->push_back(
            fmt::format("{}: its weight \"{}\" is no constant float32 matrix or filter", describe(node), weight.name));
      }
      continue;
    }
    found.push_back({n, node.inputs[1], channel_axis(node, weight.data.rank())});
  }
  return found;
}

Int8Weight quantize_weight(const Tensor& weight, int64_t axis) {
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
  for (float most : largest) out.scale.push_back(most > 0 ? most / kLargest : 1.f);
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
