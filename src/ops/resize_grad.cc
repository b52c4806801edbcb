// slipway.ResizeGrad: the gradient of Resize.
#include "ops/movement.h"
#include "ops/resizing.h"

namespace slipway {

namespace {

// Inputs: dy, shape of x, scales.
Status infer(InferContext& c) {
  std::optional<std::vector<int64_t>> shape = TRY(ops::index_input(c, 1));
  c.set(0, c.dtype(0), shape ? to_dims(*shape) : ops::unknown_dims(c.dims(0).size()));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  return ops::resize_grad_kernel(c, {.roi = 3, .scales = 2});
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({1, 1, 6, 4}), ops::ints_sample({1, 1, 3, 2}),
                      ops::fixed(Tensor::of<float>({4}, {1, 1, 2, 2}))},
           .attributes = {{"mode", "linear"}}}};
}

}  // namespace

OPERATOR(resize_grad) = {
    .name = "ResizeGrad",
    .domain = "slipway",
    .doc = "dx = zeros of `shape`; each dy is spread over the elements that Resize read, by the same weights.",
    .inputs = {2, 3},
    .attributes = {{{"antialias", 0},
                    {"axes", kOptionalInts},
                    {"coordinate_transformation_mode", "half_pixel"},
                    {"cubic_coeff_a", -0.75f},
                    {"exclude_outside", 0},
                    {"extrapolation_value", 0.0f},
                    {"keep_aspect_ratio_policy", "stretch"},
                    {"mode", "nearest"},
                    {"nearest_mode", "round_prefer_floor"}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "only training uses it"},
    .samples = samples,
};

}  // namespace slipway
