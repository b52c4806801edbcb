// ai.onnx.ml LinearRegressor.
#include "ops/batch_rules.h"
#include "ops/linear_model.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  c.set(0, DType::f32, {TRY(ops::row_dim(c)), Dim(c.node().integer("targets"))});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::FeatureRows x = TRY(ops::feature_rows(c.in(0)));
  ops::LinearModel model = TRY(ops::linear_model(c.node(), c.node().integer("targets"), x.features));
  kernels::PostTransform transform = TRY(ops::post_transform_of(c.node()));
  return ops::for_types(ops::MlTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return Kernel{[=](const KernelArgs& a) {
      float* y = a.output<float>(0);
      model.run(a.input<T>(0), x.rows, y);
      for (int64_t row = 0; row < x.rows; ++row) {
        kernels::transform_scores(transform, y + row * model.targets, model.targets);
      }
    }};
  });
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({4, 3})},
           .attributes = {{"coefficients", std::vector<float>{1, 2, 3, -1, 0, 1}},
                          {"intercepts", std::vector<float>{0.5f, -0.5f}},
                          {"targets", int64_t{2}}}}};
}

}  // namespace

OPERATOR(linear_regressor) = {
    .name = "LinearRegressor",
    .domain = ops::kMl,
    .doc = "X coefficients^T + intercepts",
    .attributes =
        {{{"coefficients", kOptionalFloats}, {"intercepts", kOptionalFloats}, ops::kPostTransform, {"targets", 1}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
