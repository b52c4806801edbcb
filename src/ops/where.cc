// Card: Where.
#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::boolean}));
  if (c.dtype(1) != c.dtype(2)) {
    return invalid(fmt::format("a choice between {} and {}; expected one type (insert a Cast)", dtype_name(c.dtype(1)),
                               dtype_name(c.dtype(2))));
  }
  Dims dims = TRY(ops::broadcast_dims(c.dims(1), c.dims(2)));
  c.set(0, c.dtype(1), TRY(ops::broadcast_dims(c.dims(0), dims)));
  return {};
}

// U: an unsigned integer as wide as the elements.
template <typename U>
Kernel select_kernel(const PrepareContext& c, const kernels::BroadcastPlan& plan) {
  int threads = c.threads();
  return {[=](const KernelArgs& args) {
    const bool* condition = args.input<bool>(0);
    const U* yes = args.input<U>(1);
    const U* no = args.input<U>(2);
    U* y = args.output<U>(0);
    int64_t step_c = plan.steps[0], step_a = plan.steps[1], step_b = plan.steps[2];
    parallel_for(threads, plan.count(), ops::kElementGrain, [&](int64_t begin, int64_t end) {
      kernels::walk_rows<3>(plan, begin, end, [&](int64_t out, int64_t n, const std::array<int64_t, 3>& at) {
        for (int64_t i = 0; i < n; ++i) {
          U a = yes[at[1] + i * step_a], b = no[at[2] + i * step_b];
          y[out + i] = condition[at[0] + i * step_c] ? a : b;
        }
      });
    });
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::BroadcastPlan plan = TRY(ops::broadcast_plan(c));
  switch (size_of(c.out(0).dtype)) {
    case 1: return select_kernel<uint8_t>(c, plan);
    case 2: return select_kernel<uint16_t>(c, plan);
    case 4: return select_kernel<uint32_t>(c, plan);
    case 8: return select_kernel<uint64_t>(c, plan);
    default:
      return unsupported(fmt::format("{} has no arithmetic for {}", describe(c.node()), dtype_name(c.out(0).dtype)));
  }
}

// da = condition ? dy : 0, db = condition ? 0 : dy
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values&, const Values& dy) {
  ValueId da = ops::where_or_zero(b, x[0], dy[0]);
  ValueId db = b.op("Where", {x[0], ops::scalar_like(b, 0, dy[0]), dy[0]});
  return Values{{}, b.unbroadcast(da, x[1]), b.unbroadcast(db, x[2])};
}

std::vector<Sample> samples() {
  Sample::Input pick = ops::given(Tensor::of<bool>({2, 1, 3}, {true, false, true, false, false, true}));
  return {
      {.inputs = {pick, ops::random_input({2, 4, 3}), ops::random_input({2, 4, 3})}},
      {.inputs = {pick, ops::random_input({4, 1}), ops::random_input({})}},
      {.inputs = {pick, ops::random_input({3}, -9, 9, DType::i64), ops::random_input({2, 1, 3}, -9, 9, DType::i64)}}};
}

}  // namespace

OPERATOR(where) = {
    .name = "Where",
    .since = 9,
    .doc = "condition ? a : b element by element, with broadcasting.",
    .inputs = {3, 3},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::aligned,
    .batch = ops::batch::elementwise,
    .tflite = {"SELECT_V2"},
    .samples = samples,
};

}  // namespace slipway
