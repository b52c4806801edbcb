// Card: ReduceL2.
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
      value = kernels::wrap_add(
          value, kernels::wrap_mul(static_cast<ops::Accumulator<T>>(x), static_cast<ops::Accumulator<T>>(x)));
    }
    auto result(int64_t) const { return std::sqrt(static_cast<double>(value)); }
  };
};

float root(float sum, int64_t) { return std::sqrt(sum); }

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c, kernels::Fold::sum_square, root);
}

// dx = dy x / y
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  return Values{b.mul(ops::with_kept_dims(b, n, x, b.div(dy[0], y[0])), x[0])};
}

}  // namespace

OPERATOR(reduce_l2) = {
    .name = "ReduceL2",
    .doc = "sqrt(sum(x^2)) over `axes`.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::reduce,
    .tflite = {"SQRT", "of SUM of MUL; constant axes"},
    .samples = ops::reduction_samples,
};

}  // namespace slipway
