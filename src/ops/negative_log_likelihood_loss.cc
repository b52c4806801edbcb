// Card: NegativeLogLikelihoodLoss.
#include "graph/builder.h"
#include "ops/likelihood.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::check_likelihood(c, 0));
  c.set(0, c.dtype(0), TRY(ops::loss_dims(c, 1)));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::LikelihoodSpec spec = TRY(ops::likelihood_spec(c, 0));
  bool weighted = c.has_input(2);
  return ops::for_types(ops::FloatTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) -> Kernel {
    return {[=](const KernelArgs& args) {
      args.report(spec.check_labels(args.in[1]));
      spec.with_labels<T>(args.in[1], weighted ? args.in[2] : nullptr, [&](const auto& labels) {
        kernels::negative_log_likelihood(spec.shape, spec.reduction, args.input<T>(0), labels, args.output<T>(0));
      });
    }};
  });
}

// dx = -w[label] dloss at the label, for "mean" divided by the sum of the weights
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = x;
  inputs.insert(inputs.begin(), dy[0]);
  return Values{b.op("NegativeLogLikelihoodGrad", inputs, ops::likelihood_attributes(n), "slipway"), {}, {}};
}

std::vector<Sample> samples() { return ops::likelihood_samples(1); }

}  // namespace

OPERATOR(negative_log_likelihood_loss) = {
    .name = "NegativeLogLikelihoodLoss",
    .since = 12,
    .doc =
        "-w[label] x[label] for log probabilities x [N, C, ...] and labels [N, ...]; `reduction` none, sum, or mean "
        "weighted by w; labels of `ignore_index` count nothing, others outside [0, C) are an error.",
    .inputs = {2, 3},
    .attributes = {{ops::kReduction, ops::kIgnoreIndex}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "a loss is not part of a served model"},
    .samples = samples,
};

}  // namespace slipway
