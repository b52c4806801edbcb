// GatherND.
#include "ops/batch_rules.h"
#include "ops/indexing.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64, DType::i32}));
  std::optional<Dims> dims = TRY(ops::gather_nd_dims(c.dims(0), c.dims(1), c.node().integer("batch_dims")));
  c.set_type(0, {c.dtype(0), std::move(dims), nullptr});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  kernels::GatherNdShape s = ops::gather_nd_shape(c.in(0).shape, c.in(1).shape, c.node().integer("batch_dims"));
  return Kernel{.run = [s, dtype = c.in(0).dtype, index = c.in(1).dtype](const KernelArgs& a) {
    a.report(kernels::gather_nd(s, dtype, a.in[0], index, a.in[1], a.out[0]));
  }};
}

// dx = zeros like x; dx[indices] += dy
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  if (n.integer("batch_dims") != 0) return unsupported("no gradient of GatherND with batch_dims");
  return Values{b.op("ScatterND", {ops::zeros_like(b, x[0]), x[1], dy[0]}, {{"reduction", "add"}}), {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 2, 2}), ops::fixed(Tensor::of<int64_t>({2, 2}, {2, 0, -1, 0}))}}};
}

}  // namespace

OPERATOR(gather_nd) = {
    .name = "GatherND",
    .since = 11,
    .doc = "y[b, c] = x[b, indices[b, c]]: each row of indices names a slice of x behind `batch_dims` dimensions.",
    .inputs = {2, 2},
    .attributes = {{{"batch_dims", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::gather_nd,
    .quant = {Quant::passes},
    .tflite = {"GATHER_ND", "batch_dims 0"},
    .samples = samples,
};

}  // namespace slipway
