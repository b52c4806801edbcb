// Card: SoftmaxCrossEntropyLoss.
#include "graph/builder.h"
#include "kernels/softmax.h"
#include "ops/likelihood.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::check_likelihood(c, 0));
  c.set(0, c.dtype(0), TRY(ops::loss_dims(c, 1)));
  c.set(1, c.dtype(0), c.dims(0));
  return {};
}

template <typename T>
Kernel loss_kernel(const PrepareContext& c, const ops::LikelihoodSpec& spec) {
  bool weighted = c.has_input(2), keeps = c.has_output(1);
  auto log_softmax = [] {
    if constexpr (std::is_same_v<T, float>) {
      return kernels::log_softmax_f32();
    } else {
      return kernels::softmax_any<true, T>;
    }
  }();
  auto run = [=](const KernelArgs& args) {
    args.report(spec.check_labels(args.in[1]));
    T* log_p = keeps ? args.output<T>(1) : static_cast<T*>(args.scratch);
    int64_t part = spec.shape.c * spec.shape.d;
    for (int64_t i = 0; i < spec.shape.n; ++i) {
      log_softmax(args.input<T>(0) + i * part, log_p + i * part, spec.shape.c, spec.shape.d);
    }
    spec.with_labels<T>(args.in[1], weighted ? args.in[2] : nullptr, [&](const auto& labels) {
      kernels::negative_log_likelihood(spec.shape, spec.reduction, log_p, labels, args.output<T>(0));
    });
  };
  return {run, keeps ? 0 : c.in(0).bytes()};
}

Result<Kernel> prepare(const PrepareContext& c) {
  ops::LikelihoodSpec spec = TRY(ops::likelihood_spec(c, 0));
  return ops::for_types(ops::FloatTypes{}, c, c.in(0).dtype,
                        [&]<typename T>(TypeTag<T>) { return loss_kernel<T>(c, spec); });
}

// Through log p = LogSoftmax(x): g = dL/dlog p = NegativeLogLikelihoodGrad(dloss) + dlog_prob;
// dx = g - softmax(x) sum(g, 1)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId g = dy.size() > 1 ? dy[1] : ValueId();
  if (dy[0].valid()) {
    Values inputs = x;
    inputs.insert(inputs.begin(), dy[0]);
    ValueId direct = b.op("NegativeLogLikelihoodGrad", inputs, ops::likelihood_attributes(n), "slipway");
    g = g.valid() ? b.add(g, direct) : direct;
  }
  ValueId sum = b.op("ReduceSum", {g, b.ints({1})});
  ValueId p = b.op("Softmax", {x[0]}, {{"axis", int64_t{1}}});
  return Values{b.sub(g, b.mul(p, sum)), {}, {}};
}

std::vector<Sample> samples() {
  std::vector<Sample> cases = ops::likelihood_samples(2);
  for (const Sample& loss_only : ops::likelihood_samples(1)) cases.push_back(loss_only);
  return cases;
}

}  // namespace

OPERATOR(softmax_cross_entropy_loss) = {
    .name = "SoftmaxCrossEntropyLoss",
    .since = 12,
    .doc =
        "-w[label] log(softmax(x)[label]) for scores x [N, C, ...] and labels [N, ...], and the log probabilities; "
        "`reduction` none, sum, or mean weighted by w; labels of `ignore_index` count nothing, others outside "
        "[0, C) are an error.",
    .inputs = {2, 3},
    .outputs = {1, 2},
    .attributes = {{ops::kReduction, ops::kIgnoreIndex}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "a loss is not part of a served model"},
    .samples = samples,
};

}  // namespace slipway
