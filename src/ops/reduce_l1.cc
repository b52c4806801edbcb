// Card: ReduceL1.
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
    void add(auto x) {
      value =
          kernels::wrap_add(value, static_cast<ops::Accumulator<T>>(x < 0 ? kernels::wrap_sub(decltype(x){0}, x) : x));
    }
    auto result(int64_t) const { return value; }
  };
};

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c, kernels::Fold::sum_abs);
}

// dx = dy sign(x)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.mul(ops::with_kept_dims(b, n, x, dy[0]), b.op("Sign", {x[0]}))};
}

std::vector<Sample> samples() { return ops::reduction_samples(0.1, 2); }

}  // namespace

OPERATOR(reduce_l1) = {
    .name = "ReduceL1",
    .doc = "sum(|x|) over `axes`.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::reduce,
    .tflite = {"SUM", "of ABS; constant axes"},
    .samples = samples,
};

}  // namespace slipway
