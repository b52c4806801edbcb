// Card: ai.onnx.preview.training.Adam.
#include <cmath>

#include "ops/preview_training.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 2, .in_groups = 4, .out_groups = 3};

Status infer(InferContext& c) { return ops::infer_preview(c, kLayout); }

Result<Kernel> prepare(const PrepareContext& c) {
  double alpha = c.node().real("alpha"), beta = c.node().real("beta"), epsilon = c.node().real("epsilon"),
         norm = c.node().real("norm_coefficient"), norm_post = c.node().real("norm_coefficient_post");
  return ops::prepare_preview(c, kLayout, [=]<typename T>(T rate, int64_t time) {
    double correction = time > 0 ? std::sqrt(1 - std::pow(beta, time)) / (1 - std::pow(alpha, time)) : 1;
    T adjusted = static_cast<T>(rate * correction), a = static_cast<T>(alpha), b = static_cast<T>(beta);
    return [=](int64_t i, const T* const* in, T* const* out) {
      T x = in[0][i], g = static_cast<T>(norm) * x + in[1][i];
      T v = a * in[2][i] + (1 - a) * g;
      T h = b * in[3][i] + (1 - b) * g * g;
      out[0][i] = (1 - static_cast<T>(norm_post)) * (x - adjusted * v / (std::sqrt(h) + static_cast<T>(epsilon)));
      out[1][i] = v;
      out[2][i] = h;
    };
  });
}

std::vector<Sample> samples() {
  return ops::preview_samples(kLayout, {{"norm_coefficient", 0.001f}, {"epsilon", 1e-2f}});
}

}  // namespace

OPERATOR(preview_adam) = {
    .name = "Adam",
    .domain = ops::kPreviewTraining,
    .doc =
        "g' = norm x + g, v' = alpha v + (1 - alpha) g', h' = beta h + (1 - beta) g'^2, x' = (1 - norm_post) (x - r v' "
        "/ (sqrt(h') + epsilon)) with r = R sqrt(1 - beta^T) / (1 - alpha^T): (R, T, x.., g.., v.., h..) -> (x'.., "
        "v'.., h'..).",
    .inputs = {3, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"alpha", 0.9f},
                    {"beta", 0.999f},
                    {"epsilon", 1e-6f},
                    {"norm_coefficient", 0.0f},
                    {"norm_coefficient_post", 0.0f}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
