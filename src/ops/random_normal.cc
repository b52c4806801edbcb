// RandomNormal.
#include "ops/random_fill.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  auto mean = static_cast<double>(c.node().real("mean")), scale = static_cast<double>(c.node().real("scale"));
  return ops::random_fill(c, [=](Random& random) { return mean + scale * random.normal(); });
}

std::vector<Sample> samples() { return {{.attributes = {{"shape", std::vector<int64_t>{3, 4}}, {"seed", 2.0f}}}}; }

}  // namespace

OPERATOR(random_normal) = {
    .name = "RandomNormal",
    .since = 1,
    .doc = "Normal random numbers of `mean` and deviation `scale` in `shape`; given by `seed`.",
    .inputs = {0, 0},
    .attributes = {{{"dtype", 1}, {"mean", 0.0f}, {"scale", 1.0f}, ops::kSeed, {"shape", kRequiredInts}}},
    .infer = ops::infer_random,
    .cpu = prepare,
    .deterministic = false,
    .tflite = {nullptr, "TFLite's random operators make other numbers"},
    .samples = samples,
};

}  // namespace slipway
