// Shapes and samples of ONNX's optimizers.
#include "ops/preview_training.h"

#include "ops/samples.h"

namespace slipway::ops {

Status infer_preview(InferContext& c, const OptimizerLayout& layout) {
  RETURN_IF_ERROR(expect_dtype(c, 0, {DType::f32, DType::f64}));
  RETURN_IF_ERROR(expect_dtype(c, 1, {DType::i64}));
  return infer_optimizer(c, layout);
}

std::vector<Sample> preview_samples(const OptimizerLayout& layout, const Attributes& attributes) {
  auto sample = [&](const std::vector<Shape>& shapes, int64_t time) {
    Sample s{.inputs = {given(Tensor::scalar(0.1f)), given(Tensor::scalar(time))},
             .attributes = attributes,
             .outputs = static_cast<int>(layout.out_groups * shapes.size())};
    for (size_t group = 0; group < layout.in_groups; ++group) {
      for (const Shape& shape : shapes) s.inputs.push_back(random_input(shape, 0.1, 2));
    }
    return s;
  };
  return {sample({{5}}, 0), sample({{2, 3}, {4}}, 7)};
}

}  // namespace slipway::ops
