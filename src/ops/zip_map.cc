// ai.onnx.ml ZipMap.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::row_dim(c).status());
  const Dim& classes = c.dims(0).back();
  size_t labels = ops::labels_of(c.node(), 0).count();
  if (classes.known() && static_cast<size_t>(classes.size) != labels) {
    return invalid(fmt::format("{} class labels for {} columns", labels, classes.size));
  }
  c.set(0, c.dtype(0), c.dims(0));
  return {};
}

std::vector<Sample> samples() {
  return {
      {.inputs = {ops::random_input({2, 3})}, .attributes = {{"classlabels_int64s", std::vector<int64_t>{1, 2, 3}}}}};
}

}  // namespace

// ONNX-ML makes a list of dictionaries of each row; here it is the table of their values, column by column in the order
// of the labels.
OPERATOR(zip_map) = {
    .name = "ZipMap",
    .domain = ops::kMl,
    .doc = "The scores of X as they are: column i belongs to class label i.",
    .attributes = {{ops::kLabelInts, ops::kLabelStrings}},
    .infer = infer,
    .view = true,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
