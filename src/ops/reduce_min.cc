// Card: ReduceMin.
#include <limits>

#include "ops/gradient.h"
#include "ops/reduction.h"
#include "ops/samples.h"

namespace slipway {
namespace {

struct Reduction {
  template <typename T>
  struct Folder {
    using C = kernels::Compute<T>;
    C value = std::numeric_limits<C>::has_infinity ? std::numeric_limits<C>::infinity() : std::numeric_limits<C>::max();
    void add(C x) { value = x < value || x != x ? x : value; }
    C result(int64_t) const { return value; }
  };
};

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::AllTypes, Reduction>(c, kernels::Fold::min);
}

// dx = dy where x is the extreme, shared evenly among ties
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  ValueId best = b.op("Equal", {x[0], ops::with_kept_dims(b, n, x, y[0])});
  ValueId ones = ops::where_or_zero(b, best, ops::scalar_like(b, 1, x[0]));
  ValueId ties = b.op("ReduceSum", n.has_input(1) ? Values{ones, x[1]} : Values{ones});
  return Values{b.mul(ones, b.div(ops::with_kept_dims(b, n, x, dy[0]), ties))};
}

}  // namespace

OPERATOR(reduce_min) = {
    .name = "ReduceMin",
    .doc = "min(x) over `axes`; NaN when an element is; over nothing the largest value of the type.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .quant = {Quant::passes},
    .tflite = {"REDUCE_MIN", "constant axes"},
    .samples = ops::reduction_samples,
};

}  // namespace slipway
