// RandomUniformLike.
#include "ops/random_fill.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  auto low = static_cast<double>(c.node().real("low")), high = static_cast<double>(c.node().real("high"));
  return ops::random_fill(c, [=](Random& random) { return low + (high - low) * random.uniform(); });
}

std::vector<Sample> samples() { return {{.inputs = {ops::random_input({3, 4})}, .attributes = {{"seed", 2.0f}}}}; }

}  // namespace

OPERATOR(random_uniform_like) = {
    .name = "RandomUniformLike",
    .since = 1,
    .doc = "Random numbers evenly spread from `low` to `high` in the shape of x; given by `seed`.",
    .attributes = {{{"dtype", kOptionalInt}, {"high", 1.0f}, {"low", 0.0f}, ops::kSeed}},
    .infer = ops::infer_random_like,
    .cpu = prepare,
    .deterministic = false,
    .tflite = {nullptr, "TFLite's random operators make other numbers"},
    .samples = samples,
};

}  // namespace slipway
