// Card: slipway.NegativeLogLikelihoodGrad.
#include "ops/expect.h"
#include "ops/likelihood.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {c.dtype(1)}));
  RETURN_IF_ERROR(ops::check_likelihood(c, 1));
  RETURN_IF_ERROR(ops::expect_dims(c, 0, "dloss", TRY(ops::loss_dims(c, 2))));
  c.set(0, c.dtype(1), c.dims(1));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::LikelihoodSpec spec = TRY(ops::likelihood_spec(c, 1));
  bool weighted = c.has_input(3);
  return ops::for_types(ops::FloatTypes{}, c, c.in(1).dtype, [&]<typename T>(TypeTag<T>) -> Kernel {
    return {[=](const KernelArgs& args) {
      args.report(spec.check_labels(args.in[2]));
      spec.with_labels<T>(args.in[2], weighted ? args.in[3] : nullptr, [&](const auto& labels) {
        kernels::negative_log_likelihood_grad(spec.shape, spec.reduction, args.input<T>(0), labels, args.output<T>(0));
      });
    }};
  });
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::likelihood_samples(1);
  for (Sample& sample : cases) {
    bool none = sample.attributes.find("reduction") != nullptr &&
                std::get<std::string>(*sample.attributes.find("reduction")) == "none";
    Shape loss = none ? sample.inputs[1].type.shape : Shape{};
    sample.inputs.insert(sample.inputs.begin(), ops::random_input(loss));
  }
  return cases;
}

}  // namespace

OPERATOR(negative_log_likelihood_grad) = {
    .name = "NegativeLogLikelihoodGrad",
    .domain = "slipway",
    .doc = "The gradient of NegativeLogLikelihoodLoss: (dloss, x, labels, w) -> dx.",
    .inputs = {3, 4},
    .attributes = {{ops::kReduction, ops::kIgnoreIndex}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
