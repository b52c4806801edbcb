// Card: ReduceSum.
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
    auto result(int64_t) const { return value; }
  };
};

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c, kernels::Fold::sum);
}

// dx = dy, stretched over the reduced dimensions
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{ops::stretched(b, n, x, dy[0])};
}

}  // namespace

OPERATOR(reduce_sum) = {
    .name = "ReduceSum",
    .doc = "sum(x) over `axes`.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::reduce,
    .quant = {Quant::rescales},
    .tflite = {"SUM", "constant axes"},
    .samples = ops::reduction_samples,
};

}  // namespace slipway
