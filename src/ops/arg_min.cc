// Card: ArgMin.
#include "ops/arg.h"
#include "ops/batch_rules.h"
#include "ops/reduction.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::prepare_arg(c, [](auto a, auto b) { return a < b; });
}

}  // namespace

OPERATOR(arg_min) = {
    .name = "ArgMin",
    .doc = "The index of the smallest element along `axis`, the first of equals unless `select_last_index`.",
    .attributes = {{ops::kArgAxis, ops::kKeepDims, ops::kSelectLast}},
    .infer = ops::infer_arg,
    .cpu = prepare,
    .batch = ops::batch::arg,
    .tflite = {"ARG_MIN", "first of equals only"},
    .samples = ops::arg_samples,
};

}  // namespace slipway
