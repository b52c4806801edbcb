// Card: ai.onnx.preview.training.Adagrad.
#include <cmath>

#include "ops/preview_training.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 2, .in_groups = 3, .out_groups = 2};

Status infer(InferContext& c) { return ops::infer_preview(c, kLayout); }

Result<Kernel> prepare(const PrepareContext& c) {
  double decay = c.node().real("decay_factor"), epsilon = c.node().real("epsilon"),
         norm = c.node().real("norm_coefficient");
  return ops::prepare_preview(c, kLayout, [=]<typename T>(T rate, int64_t time) {
    T r = static_cast<T>(rate / (1 + static_cast<double>(time) * decay));
    return [=](int64_t i, const T* const* in, T* const* out) {
      T x = in[0][i], g = static_cast<T>(norm) * x + in[1][i];
      T h = in[2][i] + g * g;
      out[0][i] = x - r * g / (std::sqrt(h) + static_cast<T>(epsilon));
      out[1][i] = h;
    };
  });
}

std::vector<Sample> samples() {
  return ops::preview_samples(kLayout, {{"norm_coefficient", 0.001f}, {"epsilon", 1e-5f}, {"decay_factor", 0.1f}});
}

}  // namespace

OPERATOR(preview_adagrad) = {
    .name = "Adagrad",
    .domain = ops::kPreviewTraining,
    .doc =
        "g' = norm x + g, h' = h + g'^2, x' = x - R / (1 + T decay_factor) g' / (sqrt(h') + epsilon): (R, T, x.., g.., "
        "h..) -> (x'.., h'..).",
    .inputs = {3, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"decay_factor", 0.0f}, {"epsilon", 1e-6f}, {"norm_coefficient", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
