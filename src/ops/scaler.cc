// ai.onnx.ml Scaler.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  c.set(0, DType::f32, c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::vector<float> offset = c.node().floats("offset"), scale = c.node().floats("scale");
  int64_t n = c.in(0).count(), features = c.in(0).shape.empty() ? 1 : c.in(0).shape.back();
  for (const std::vector<float>* list : {&offset, &scale}) {
    auto found = static_cast<int64_t>(list->size());
    if (found > 1 && found != features) return invalid(fmt::format("{} numbers for {} features", found, features));
  }
  if (offset.empty()) offset = {0};
  if (scale.empty()) scale = {1};
  auto of = [](const std::vector<float>& list, int64_t i) {
    return list[list.size() == 1 ? 0 : static_cast<size_t>(i)];
  };
  return ops::for_types(ops::MlTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return Kernel{[=](const KernelArgs& a) {
      for (int64_t i = 0; i < n; ++i) {
        int64_t f = i % features;
        a.output<float>(0)[i] = (static_cast<float>(a.input<T>(0)[i]) - of(offset, f)) * of(scale, f);
      }
    }};
  });
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({4, 2})},
           .attributes = {{"offset", std::vector<float>{1, 2}}, {"scale", std::vector<float>{0.5f}}}}};
}

}  // namespace

OPERATOR(scaler) = {
    .name = "Scaler",
    .domain = ops::kMl,
    .doc = "(x - offset) * scale by feature, the last dimension.",
    .attributes = {{{"offset", kOptionalFloats}, {"scale", kOptionalFloats}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
