// RandomUniform.
#include "ops/random_fill.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  auto low = static_cast<double>(c.node().real("low")), high = static_cast<double>(c.node().real("high"));
  return ops::random_fill(c, [=](Random& random) { return low + (high - low) * random.uniform(); });
}

std::vector<Sample> samples() { return {{.attributes = {{"shape", std::vector<int64_t>{3, 4}}, {"seed", 2.0f}}}}; }

}  // namespace

OPERATOR(random_uniform) = {
    .name = "RandomUniform",
    .since = 1,
    .doc = "Random numbers evenly spread from `low` to `high` in `shape`; given by `seed`.",
    .inputs = {0, 0},
    .attributes = {{{"dtype", 1}, {"high", 1.0f}, {"low", 0.0f}, ops::kSeed, {"shape", kRequiredInts}}},
    .infer = ops::infer_random,
    .cpu = prepare,
    .deterministic = false,
    .tflite = {nullptr, "TFLite's random operators make other numbers"},
    .samples = samples,
};

}  // namespace slipway
