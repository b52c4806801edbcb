// Card: ai.onnx.preview.training.Momentum.
#include <fmt/format.h>

#include "ops/preview_training.h"

namespace slipway {
namespace {

constexpr ops::OptimizerLayout kLayout = {.scalars = 2, .in_groups = 3, .out_groups = 2};

Status infer(InferContext& c) { return ops::infer_preview(c, kLayout); }

Result<Kernel> prepare(const PrepareContext& c) {
  std::string mode = c.node().text("mode");
  if (mode != "standard" && mode != "nesterov") {
    return invalid(fmt::format("mode is \"{}\"; expected \"standard\" or \"nesterov\"", mode));
  }
  bool nesterov = mode == "nesterov";
  double alpha = c.node().real("alpha"), beta = c.node().real("beta"), norm = c.node().real("norm_coefficient");
  return ops::prepare_preview(c, kLayout, [=]<typename T>(T rate, int64_t time) {
    T a = static_cast<T>(alpha), b = time > 0 ? static_cast<T>(beta) : T{1};
    return [=](int64_t i, const T* const* in, T* const* out) {
      T x = in[0][i], g = static_cast<T>(norm) * x + in[1][i];
      T v = a * in[2][i] + b * g;
      out[0][i] = x - rate * (nesterov ? g + a * v : v);
      out[1][i] = v;
    };
  });
}

std::vector<Sample> samples() {
  std::vector<Sample> cases;
  for (const char* mode : {"standard", "nesterov"}) {
    Attributes attributes = {
        {"alpha", 0.95f}, {"beta", 0.5f}, {"mode", std::string(mode)}, {"norm_coefficient", 0.001f}};
    for (const Sample& sample : ops::preview_samples(kLayout, attributes)) cases.push_back(sample);
  }
  return cases;
}

}  // namespace

OPERATOR(preview_momentum) = {
    .name = "Momentum",
    .domain = ops::kPreviewTraining,
    .doc =
        "g' = norm x + g, v' = alpha v + (T > 0 ? beta : 1) g', x' = x - R v' (mode nesterov: x - R (g' + alpha v')): "
        "(R, T, x.., g.., v..) -> (x'.., v'..).",
    .inputs = {3, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"alpha", kRequiredFloat},
                    {"beta", kRequiredFloat},
                    {"mode", kRequiredString},
                    {"norm_coefficient", kRequiredFloat}}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
