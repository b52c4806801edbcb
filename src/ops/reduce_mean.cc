// Card: ReduceMean.
#include "graph/builder.h"
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
    void add(auto x) { value = kernels::wrap_add(value, static_cast<ops::Accumulator<T>>(x)); }
    auto result(int64_t n) const { return kernels::wrap_div(value, static_cast<ops::Accumulator<T>>(n)); }
  };
};

float divide(float sum, int64_t n) { return sum / static_cast<float>(n); }

// How many elements each output is the mean of, as a scalar of x's dtype.
ValueId folded_count(Builder& b, const Node& n, const Values& x, ValueId y) {
  if (!b.status().ok()) return {};
  std::optional<Shape> in = known_shape(b.dims(x[0]));
  std::optional<Shape> out = known_shape(b.dims(y));
  if (in && out) {
    int64_t outputs = element_count(*out);
    return ops::scalar_like(b, outputs > 0 ? static_cast<double>(element_count(*in) / outputs) : 1, x[0]);
  }
  ValueId sizes = b.op("Shape", {x[0]});
  if (n.has_input(1)) sizes = b.op("Gather", {sizes, x[1]});
  ValueId count = b.op("ReduceProd", {sizes}, {{"keepdims", int64_t{0}}});
  return b.op("Cast", {count}, {{"to", static_cast<int64_t>(b.dtype(x[0]))}});
}

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c, kernels::Fold::sum, divide);
}

// dx = dy / n, stretched over the reduced dimensions
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  return Values{ops::stretched(b, n, x, b.div(dy[0], folded_count(b, n, x, y[0])))};
}

}  // namespace

OPERATOR(reduce_mean) = {
    .name = "ReduceMean",
    .doc = "sum(x) / n over `axes`; NaN over nothing, 0 for integers.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::reduce,
    .quant = {Quant::rescales},
    .tflite = {"MEAN", "constant axes"},
    .samples = ops::reduction_samples,
};

}  // namespace slipway
