// ai.onnx.ml LinearClassifier.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/linear_model.h"
#include "ops/samples.h"

namespace slipway {
namespace {

ops::Labels labels(const Node& n) { return ops::labels_of(n, 0, "classlabels_strings", "classlabels_ints"); }

Status infer(InferContext& c) {
  if (!c.node().has("coefficients")) return invalid("coefficients are missing");
  return ops::set_classification(c, labels(c.node()));
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::FeatureRows x = TRY(ops::feature_rows(c.in(0)));
  const kernels::PostTransform transform = TRY(ops::post_transform_of(c.node()));
  ops::Classification classification{labels(c.node()), transform};
  auto classes = static_cast<int64_t>(classification.labels.count());
  auto found = static_cast<int64_t>(c.node().floats("coefficients").size());
  classification.targets = classes == 2 && found == x.features ? 1 : classes;
  if (classes == 0) return invalid("classlabels are missing");
  ops::LinearModel model = TRY(ops::linear_model(c.node(), classification.targets, x.features));
  bool give_labels = c.has_output(0), give_scores = c.has_output(1);
  Result<Kernel> kernel = ops::for_types(ops::MlTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return Kernel{[=](const KernelArgs& a) {
      auto* raw = static_cast<float*>(a.scratch);
      model.run(a.input<T>(0), x.rows, raw);
      classification.write(raw, x.rows, give_labels ? a.out[0] : nullptr, give_scores ? a.output<float>(1) : nullptr);
    }};
  });
  if (kernel.ok()) kernel->scratch_bytes = static_cast<size_t>(x.rows * model.targets) * sizeof(float);
  return kernel;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({4, 3})},
           .attributes = {{"coefficients", std::vector<float>{1, 2, 3, -1, 0, 1}},
                          {"intercepts", std::vector<float>{0.5f, -0.5f}},
                          {"classlabels_ints", std::vector<int64_t>{3, 5}},
                          {"post_transform", std::string("SOFTMAX")}},
           .outputs = 2}};
}

}  // namespace

OPERATOR(linear_classifier) = {
    .name = "LinearClassifier",
    .domain = ops::kMl,
    .doc = "The label with the highest score, and all scores: X coefficients^T + intercepts.",
    .outputs = {1, 2},
    .attributes = {{{"classlabels_ints", kOptionalInts},
                    ops::kLabelStrings,
                    {"coefficients", kOptionalFloats},
                    {"intercepts", kOptionalFloats},
                    {"multi_class", 0},
                    ops::kPostTransform}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
