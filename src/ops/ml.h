// What the cards of ONNX-ML (domain ai.onnx.ml) share: rows of features, labels, scores.
#pragma once

#include <memory>

#include "graph/operator.h"
#include "kernels/scores.h"
#include "ops/elementwise.h"

namespace slipway::ops {

inline constexpr const char* kMl = "ai.onnx.ml";
inline constexpr TfliteRule kNoMl = {nullptr, "TFLite has no operators of classical machine learning"};

inline constexpr AttributeSpec kPostTransform = {"post_transform", "NONE"};
inline constexpr AttributeSpec kLabelStrings = {"classlabels_strings", kOptionalStrings};
inline constexpr AttributeSpec kLabelInts = {"classlabels_int64s", kOptionalInts};

// Element types of ONNX-ML's inputs.
using MlTypes = Types<float, double, int64_t, int32_t>;

// x as rows of features: [C] is one row.
struct FeatureRows {
  int64_t rows = 0, features = 0;
};
Result<FeatureRows> feature_rows(const TensorType& x);
// The dimension of rows of x; an error for ranks other than 1 and 2.
Result<Dim> row_dim(InferContext& c);

// Attribute post_transform.
Result<kernels::PostTransform> post_transform_of(const Node& node);

// A class's name: an integer or a string.
struct Labels {
  std::vector<std::string> strings;
  std::vector<int64_t> ints;

  size_t count() const { return strings.empty() ? ints.size() : strings.size(); }
  DType dtype() const { return strings.empty() ? DType::i64 : DType::string; }
  // Writes label i at row `row` of a tensor of dtype().
  void write(size_t i, void* to, int64_t row) const;
};
// From attributes classlabels_strings and classlabels_int64s (or `strings`, `ints`); 0, 1, … `otherwise` of them when
// neither is there.
Labels labels_of(const Node& node, size_t otherwise, const char* strings = "classlabels_strings",
                 const char* ints = "classlabels_int64s");

// The class labels that a ZipMap at one of the graph's outputs gives its columns, as text; empty without one.
std::vector<std::string> zip_map_labels(const Graph& graph);

// Output 0: [rows] labels, output 1: [rows, classes] scores.
Status set_classification(InferContext& c, const Labels& labels);

// Writes the label of the highest score and the transformed scores of each row. raw: [rows, targets]. One target of two
// classes is the score of the second: share says that it is a share of votes (the threshold is 1/2, else 0).
struct Classification {
  Labels labels;
  kernels::PostTransform transform = kernels::PostTransform::none;
  int64_t targets = 0;
  bool share = false;

  void write(const float* raw, int64_t rows, void* labels_out, float* scores_out) const;
};

}  // namespace slipway::ops
