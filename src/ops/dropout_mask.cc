// Card: slipway.DropoutMask.
#include "kernels/dropout.h"

#include "graph/builder.h"
#include "kernels/parallel.h"
#include "ops/expect.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64}));
  RETURN_IF_ERROR(ops::expect_one(c, 1, "the step"));
  c.set(0, DType::f32, c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  int64_t n = c.out(0).count();
  uint64_t seed = static_cast<uint64_t>(c.node().integer("seed"));
  float ratio = c.node().real("ratio");
  int threads = c.threads();
  kernels::DropoutMaskFn mask = kernels::dropout_mask_f32();
  return Kernel{[=](const KernelArgs& args) {
    uint64_t step = static_cast<uint64_t>(*args.input<int64_t>(1));
    float* y = args.output<float>(0);
    int64_t blocks = (n + kernels::kDropoutBlock - 1) / kernels::kDropoutBlock;
    parallel_for(threads, blocks, 16, [&](int64_t begin, int64_t end) {
      int64_t from = begin * kernels::kDropoutBlock;
      mask(seed, step, ratio, from, std::min(end * kernels::kDropoutBlock, n), y + from);
    });
  }};
}

// The mask does not depend on what `like` holds.
Result<Values> gradient(Builder&, const Node&, const Values&, const Values&, const Values&) { return Values(2); }

std::vector<Sample> samples() {
  Sample::Input step = ops::given(Tensor::scalar(int64_t{12}));
  return {{.inputs = {ops::random_input({3, 7}), step}, .attributes = {{"seed", int64_t{5}}, {"ratio", 0.3f}}},
          {.inputs = {ops::random_input({5000}), step}}};
}

}  // namespace

OPERATOR(dropout_mask) = {
    .name = "DropoutMask",
    .domain = "slipway",
    .doc =
        "Each element 0 with probability `ratio`, else 1 / (1 - ratio), from Philox keyed by `seed` at `step`: "
        "(like, step int64) -> float32 mask in the shape of `like`, whose contents are not read.",
    .inputs = {2, 2},
    .attributes = {{{"seed", 0}, {"ratio", 0.5f}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
