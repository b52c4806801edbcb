// Card: ReduceSumSquare.
#include "ops/batch_rules.h"
#include "ops/gradient.h"
#include "ops/reduction.h"
#include "ops/samples.h"

namespace slipway {
namespace {

struct Reduction {
  template <typename T>
  struct Folder {
    ops::Accumulator<T> value = 0;
    void add(auto x) {
      value = kernels::wrap_add(
          value, kernels::wrap_mul(static_cast<ops::Accumulator<T>>(x), static_cast<ops::Accumulator<T>>(x)));
    }
    auto result(int64_t) const { return value; }
  };
};

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c, kernels::Fold::sum_square);
}

// dx = 2 dy x
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.mul(ops::scaled(b, ops::with_kept_dims(b, n, x, dy[0]), 2), x[0])};
}

}  // namespace

OPERATOR(reduce_sum_square) = {
    .name = "ReduceSumSquare",
    .doc = "sum(x^2) over `axes`.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::reduce,
    .tflite = {"SUM", "of MUL; constant axes"},
    .samples = ops::reduction_samples,
};

}  // namespace slipway
