// HammingWindow.
#include "ops/cosine_window.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) { return ops::prepare_window(c, {25.0 / 46, 21.0 / 46, 0}); }

}  // namespace

OPERATOR(hamming_window) = {
    .name = "HammingWindow",
    .since = 17,
    .doc = "25/46 - 21/46 cos(2 pi i / n) for i below size; n is size, or size - 1 when not periodic.",
    .attributes = {{ops::kOutputDatatype, ops::kPeriodic}},
    .infer = ops::infer_window,
    .cpu = prepare,
    .tflite = {nullptr, "left out: it is folded where its size is known"},
    .samples = ops::window_samples,
};

}  // namespace slipway
