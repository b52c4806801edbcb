// Card: ReduceLogSumExp.
#include <limits>

#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/reduction.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// One pass that keeps the largest element and the sum of e^(x - largest): M. Milakov & N. Gimelshein 2018, "Online
// normalizer calculation for softmax".
struct Reduction {
  template <typename T>
  struct Folder {
    double largest = -std::numeric_limits<double>::infinity();
    double sum = 0;
    void add(auto x) {
      double value = static_cast<double>(x);
      if (value > largest) {
        sum = sum * std::exp(largest - value) + 1;
        largest = value;
      } else if (value == largest) {
        sum += std::isinf(value) && value < 0 ? 0 : 1;
      } else {
        sum += std::exp(value - largest);
      }
    }
    double result(int64_t) const { return std::isinf(largest) && !std::isnan(sum) ? largest : largest + std::log(sum); }
  };
};

Result<Kernel> prepare(const PrepareContext& c) { return ops::prepare_fold<ops::ReducibleTypes, Reduction>(c); }

// dx = dy e^(x - y)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  ValueId shares = b.op("Exp", {b.sub(x[0], ops::with_kept_dims(b, n, x, y[0]))});
  return Values{b.mul(ops::with_kept_dims(b, n, x, dy[0]), shares)};
}

}  // namespace

OPERATOR(reduce_log_sum_exp) = {
    .name = "ReduceLogSumExp",
    .doc = "log(sum(e^x)) over `axes`, without overflow.",
    .inputs = {1, 2},
    .attributes = {{ops::kKeepDims, ops::kNoopWithEmptyAxes}},
    .infer = ops::infer_reduction,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::reduce,
    .tflite = {"LOG", "of SUM of EXP behind the largest; constant axes"},
    .samples = ops::reduction_samples,
};

}  // namespace slipway
