// Bernoulli.
#include "ops/random_fill.h"
#include "ops/samples.h"
#include "tensor/visit.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  DType in = c.in(0).dtype, out = c.out(0).dtype;
  bool number = out != DType::string && out != DType::undefined;
  if (!is_float(in) || !number) return unsupported("Bernoulli draws numbers from float probabilities");
  return ops::random_kernel(c, [in, out, n = c.out(0).count()](Random& random, const KernelArgs& a) {
    visit_dtype(in, [&]<typename P>(TypeTag<P>) {
      visit_dtype(out, [&]<typename T>(TypeTag<T>) {
        for (int64_t i = 0; i < n; ++i) {
          bool one = random.uniform() < convert_element<double>(a.input<P>(0)[i]);
          a.output<T>(0)[i] = convert_element<T>(one ? 1.f : 0.f);
        }
      });
    });
  });
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 4}, 0, 1)}, .attributes = {{"seed", 3.0f}}}};
}

}  // namespace

OPERATOR(bernoulli) = {
    .name = "Bernoulli",
    .since = 15,
    .doc = "1 with the probability that x tells, else 0; given by `seed`.",
    .attributes = {{{"dtype", kOptionalInt}, ops::kSeed}},
    .infer = ops::infer_random_like,
    .cpu = prepare,
    .deterministic = false,
    .tflite = {nullptr, "TFLite's random operators make other numbers"},
    .samples = samples,
};

}  // namespace slipway
