// Card: ReduceMax.
#include <limits>

#include "ops/batch_rules.h"
#include "ops/reduction.h"
#include "ops/samples.h"

namespace slipway {
namespace {

struct Reduction {
  template <typename T>
  struct Folder {
    using C = kernels::Compute<T>;
    C value =
        std::numeric_limits<C>::has_infinity ? -std::numeric_limits<C>::infinity() : std::numeric_limits<C>::lowest();
    void add(C x) { value = x > value || x != x ? x : value; }
    C result(int64_t) const { return value; }
  };
};

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::AllTypes, Reduction>(c, kernels::Fold::max);
}

}  // namespace

OPERATOR(reduce_max) = {
    .name = "ReduceMax",
    .doc = "max(x) over `axes`; NaN when an element is; over nothing the least value of the type.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = ops::reduced_extreme_gradient,
    .rows = Rows::first,
    .batch = ops::batch::reduce,
    .quant = {Quant::passes},
    .tflite = {"REDUCE_MAX", "constant axes"},
    .samples = ops::reduction_samples,
};

}  // namespace slipway
