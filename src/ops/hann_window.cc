// HannWindow.
#include "ops/cosine_window.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) { return ops::prepare_window(c, {0.5, 0.5, 0}); }

}  // namespace

OPERATOR(hann_window) = {
    .name = "HannWindow",
    .since = 17,
    .doc = "0.5 - 0.5 cos(2 pi i / n) for i below size; n is size, or size - 1 when not periodic.",
    .attributes = {{ops::kOutputDatatype, ops::kPeriodic}},
    .infer = ops::infer_window,
    .cpu = prepare,
    .tflite = {nullptr, "left out: it is folded where its size is known"},
    .samples = ops::window_samples,
};

}  // namespace slipway
