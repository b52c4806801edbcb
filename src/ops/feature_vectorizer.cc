// ai.onnx.ml FeatureVectorizer.
#include <algorithm>

#include "ops/batch_rules.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// Features that input i adds: inputdimensions[i] (its features cut, or filled with 0), else its own.
Dim width_of(const Node& node, size_t i, const Dims& x) {
  std::vector<int64_t> widths = node.ints("inputdimensions");
  if (i < widths.size()) return Dim(widths[i]);
  return x.size() == 1 ? x[0] : x[1];
}

Status infer(InferContext& c) {
  Dim rows = TRY(ops::row_dim(c)), total = 0;
  for (size_t i = 0; i < c.input_count(); ++i) {
    if (c.dims(i).size() != 1 && c.dims(i).size() != 2) return invalid("inputs must be [rows, features] or [features]");
    Dim width = width_of(c.node(), i, c.dims(i));
    if (width.known() && width.size < 0) return invalid("inputdimensions has a negative size");
    total = total.known() && width.known() ? Dim(total.size + width.size) : Dim();
  }
  c.set(0, DType::f32, {rows, total});
  return {};
}

struct Part {
  DType dtype;
  int64_t features, width;
};

Result<Kernel> prepare(const PrepareContext& c) {
  std::vector<Part> parts;
  int64_t rows = c.out(0).shape[0], total = c.out(0).shape[1];
  for (size_t i = 0; i < c.input_count(); ++i) {
    ops::FeatureRows x = TRY(ops::feature_rows(c.in(i)));
    if (x.rows != rows) return invalid("inputs have different numbers of rows");
    RETURN_IF_ERROR(ops::for_types(ops::MlTypes{}, c, c.in(i).dtype, [](auto) { return Kernel{}; }).status());
    parts.push_back({c.in(i).dtype, x.features, width_of(c.node(), i, to_dims(c.in(i).shape)).size});
  }
  return Kernel{[=](const KernelArgs& a) {
    int64_t column = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      const Part& part = parts[i];
      visit_dtype(part.dtype, [&]<typename T>(TypeTag<T>) {
        for (int64_t row = 0; row < rows; ++row) {
          float* to = a.output<float>(0) + row * total + column;
          int64_t n = std::min(part.features, part.width);
          for (int64_t k = 0; k < n; ++k) to[k] = convert_element<float>(a.input<T>(i)[row * part.features + k]);
          std::fill(to + n, to + part.width, 0.f);
        }
      });
      column += part.width;
    }
  }};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 2}), ops::random_input({3, 1}, -9, 9, DType::i64)},
           .attributes = {{"inputdimensions", std::vector<int64_t>{2, 2}}}}};
}

}  // namespace

OPERATOR(feature_vectorizer) = {
    .name = "FeatureVectorizer",
    .domain = ops::kMl,
    .doc = "The features of all inputs side by side, as float32.",
    .inputs = {1, kMany},
    .attributes = {{{"inputdimensions", kOptionalInts}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::feature_vectorizer,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
