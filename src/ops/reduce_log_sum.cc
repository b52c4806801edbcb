// Card: ReduceLogSum.
#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/reduction.h"
#include "ops/samples.h"

namespace slipway {
namespace {

struct Reduction {
  template <typename T>
  struct Folder {
    ops::Accumulator<T> value = 0;
    void add(auto x) { value = kernels::wrap_add(value, static_cast<ops::Accumulator<T>>(x)); }
    auto result(int64_t) const { return std::log(static_cast<double>(value)); }
  };
};

float logarithm(float sum, int64_t) { return std::log(sum); }

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c, kernels::Fold::sum, logarithm);
}

// dx = dy / e^y, stretched over the reduced dimensions
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  return Values{ops::stretched(b, n, x, b.div(dy[0], b.op("Exp", {y[0]})))};
}

std::vector<Sample> samples() { return ops::reduction_samples(0.2, 2); }

}  // namespace

OPERATOR(reduce_log_sum) = {
    .name = "ReduceLogSum",
    .doc = "log(sum(x)) over `axes`.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::reduce,
    .tflite = {"LOG", "of SUM; constant axes"},
    .samples = samples,
};

}  // namespace slipway
