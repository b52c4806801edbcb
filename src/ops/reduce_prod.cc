// Card: ReduceProd.
#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/reduction.h"
#include "ops/samples.h"

namespace slipway {
namespace {

struct Reduction {
  template <typename T>
  struct Folder {
    ops::Accumulator<T> value = 1;
    void add(auto x) { value = kernels::wrap_mul(value, static_cast<ops::Accumulator<T>>(x)); }
    auto result(int64_t) const { return value; }
  };
};

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c, kernels::Fold::prod);
}

// dx = dy y / x, for x without zeros
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  return Values{b.div(b.mul(ops::with_kept_dims(b, n, x, dy[0]), ops::with_kept_dims(b, n, x, y[0])), x[0])};
}

std::vector<Sample> samples() { return ops::reduction_samples(0.5, 2); }

}  // namespace

OPERATOR(reduce_prod) = {
    .name = "ReduceProd",
    .doc = "The product of x over `axes`; 1 over nothing.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::reduce,
    .tflite = {"REDUCE_PROD", "constant axes"},
    .samples = samples,
};

}  // namespace slipway
