// What the cards of ONNX-ML share.
#include "ops/ml.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace slipway::ops {

Result<FeatureRows> feature_rows(const TensorType& x) {
  if (x.shape.size() == 1) return FeatureRows{1, x.shape[0]};
  if (x.shape.size() == 2) return FeatureRows{x.shape[0], x.shape[1]};
  return invalid(fmt::format("X is {}; expected [rows, features] or [features]", to_string(x)));
}

Result<Dim> row_dim(InferContext& c) {
  const Dims& x = c.dims(0);
  if (x.size() == 1) return Dim(1);
  if (x.size() == 2) return x[0];
  return invalid(fmt::format("X is {}; expected [rows, features] or [features]", to_string(x)));
}

Result<kernels::PostTransform> post_transform_of(const Node& node) {
  std::string name = node.text("post_transform");
  std::optional<kernels::PostTransform> transform = kernels::post_transform(name);
  if (!transform) return unsupported(fmt::format("post_transform \"{}\" is none of ONNX-ML's", name));
  return *transform;
}

void Labels::write(size_t i, void* to, int64_t row) const {
  if (strings.empty()) {
    static_cast<int64_t*>(to)[row] = ints[i];
  } else {
    static_cast<std::string*>(to)[row] = strings[i];
  }
}

Labels labels_of(const Node& node, size_t otherwise, const char* strings, const char* ints) {
  Labels labels{node.strings(strings), node.ints(ints)};
  if (labels.count() == 0) {
    labels.ints.resize(otherwise);
    std::iota(labels.ints.begin(), labels.ints.end(), int64_t{0});
  }
  return labels;
}

std::vector<std::string> zip_map_labels(const Graph& graph) {
  for (const Node& node : graph.nodes()) {
    const bool answers = node.domain == kMl && node.op_type == "ZipMap" &&
                         std::ranges::find(graph.outputs, node.outputs[0]) != graph.outputs.end();
    if (!answers) continue;
    Labels labels = labels_of(node, 0);
    for (int64_t label : labels.ints) labels.strings.push_back(std::to_string(label));
    return labels.strings;
  }
  return {};
}

Status set_classification(InferContext& c, const Labels& labels) {
  Dim rows = TRY(row_dim(c));
  c.set(0, labels.dtype(), {rows});
  c.set(1, DType::f32, {rows, Dim(static_cast<int64_t>(labels.count()))});
  return {};
}

void Classification::write(const float* raw, int64_t rows, void* labels_out, float* scores_out) const {
  auto classes = static_cast<int64_t>(labels.count());
  for (int64_t row = 0; row < rows; ++row) {
    const float* from = raw + row * targets;
    int64_t best = std::max_element(from, from + targets) - from;
    if (targets == 1) best = classes == 2 && from[0] > (share ? 0.5f : 0.f) ? 1 : 0;
    if (labels_out != nullptr) labels.write(static_cast<size_t>(best), labels_out, row);
    if (scores_out == nullptr) continue;
    float* to = scores_out + row * classes;
    if (targets == 1 && classes == 2) {
      kernels::two_class_scores(transform, from[0], share, to);
      continue;
    }
    std::copy_n(from, classes, to);
    kernels::transform_scores(transform, to, classes);
  }
}

}  // namespace slipway::ops
