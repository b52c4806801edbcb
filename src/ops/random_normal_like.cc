// RandomNormalLike.
#include "ops/random_fill.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  auto mean = static_cast<double>(c.node().real("mean")), scale = static_cast<double>(c.node().real("scale"));
  return ops::random_fill(c, [=](Random& random) { return mean + scale * random.normal(); });
}

std::vector<Sample> samples() { return {{.inputs = {ops::random_input({3, 4})}, .attributes = {{"seed", 2.0f}}}}; }

}  // namespace

OPERATOR(random_normal_like) = {
    .name = "RandomNormalLike",
    .since = 1,
    .doc = "Normal random numbers of `mean` and deviation `scale` in the shape of x; given by `seed`.",
    .attributes = {{{"dtype", kOptionalInt}, {"mean", 0.0f}, {"scale", 1.0f}, ops::kSeed}},
    .infer = ops::infer_random_like,
    .cpu = prepare,
    .deterministic = false,
    .tflite = {nullptr, "TFLite's random operators make other numbers"},
    .samples = samples,
};

}  // namespace slipway
