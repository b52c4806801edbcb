// Card: Pow.
#include <cmath>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/expect.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

using BaseTypes = ops::Types<float, double, Half, BFloat16, int32_t, int64_t>;

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_numbers(c, 1));
  c.set(0, c.dtype(0), TRY(ops::broadcast_dims(c.dims(0), c.dims(1))));
  return {};
}

// Integers by squaring, wrapping around; a negative exponent truncates the true quotient.
template <typename T>
T power(T base, T exponent) {
  if constexpr (std::is_integral_v<T>) {
    if (exponent < 0) return base == 1 ? T{1} : base == -1 ? (exponent % 2 == 0 ? T{1} : T{-1}) : T{0};
    T result = 1;
    for (; exponent > 0; exponent /= 2) {
      if (exponent % 2 != 0) result = kernels::wrap_mul(result, base);
      base = kernels::wrap_mul(base, base);
    }
    return result;
  } else {
    return std::pow(base, exponent);
  }
}

// The operation that a constant exponent comes to, for float32.
std::optional<kernels::Unary> shortcut(const PrepareContext& c) {
  const Tensor* exponent = c.constant(1);
  if (c.in(0).dtype != DType::f32 || exponent == nullptr || exponent->count() != 1) return std::nullopt;
  if (c.in(0).count() != c.out(0).count()) return std::nullopt;
  double value = exponent->to_doubles()[0];
  if (value == 2) return kernels::Unary::square;
  if (value == 3) return kernels::Unary::cube;
  if (value == 0.5) return kernels::Unary::square_root_power;
  if (value == -1) return kernels::Unary::reciprocal;
  return std::nullopt;
}

// The exponent has a type of its own and is read through double.
template <typename T>
Kernel mixed_kernel(const PrepareContext& c, const kernels::BroadcastPlan& plan) {
  DType exponent_type = c.in(1).dtype;
  return {[=](const KernelArgs& args) {
    visit_dtype(exponent_type, [&]<typename U>(TypeTag<U>) {
      auto f = [](auto a, auto b) {
        return convert_element<kernels::Compute<T>>(std::pow(static_cast<double>(a), static_cast<double>(b)));
      };
      kernels::walk_rows<2>(plan, 0, plan.count(), [&](int64_t out, int64_t n, const std::array<int64_t, 2>& at) {
        kernels::map_row(f, args.input<T>(0) + at[0], plan.steps[0], args.input<U>(1) + at[1], plan.steps[1],
                         args.output<T>(0) + out, n);
      });
    });
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (std::optional<kernels::Unary> op = shortcut(c)) return ops::unary_f32_kernel(c, *op);
  if (c.in(0).dtype == c.in(1).dtype) {
    return ops::prepare_binary<BaseTypes>(c, [](auto a, auto b) { return power(a, b); });
  }
  kernels::BroadcastPlan plan = TRY(ops::broadcast_plan(c));
  return ops::for_types(BaseTypes{}, c, c.in(0).dtype,
                        [&]<typename T>(TypeTag<T>) { return mixed_kernel<T>(c, plan); });
}

// da = dy b a^(b-1), db = dy y log(a) where a > 0 (else 0); none for a constant or integer b
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values& y, const Values& dy) {
  ValueId exponent = x[1];
  if (b.dtype(x[0]) != b.dtype(x[1])) {
    exponent = b.op("Cast", {x[1]}, {{"to", static_cast<int64_t>(b.dtype(x[0]))}});
  }
  ValueId lower = b.op("Pow", {x[0], b.sub(exponent, ops::scalar_like(b, 1, exponent))});
  ValueId da = b.unbroadcast(b.mul(dy[0], b.mul(exponent, lower)), x[0]);
  const Value& given = b.graph().value(x[1]);
  if (!is_float(given.dtype) || (given.data.defined() && !given.trainable)) return Values{da, {}};
  ValueId positive = b.op("Greater", {x[0], ops::scalar_like(b, 0, x[0])});
  ValueId safe = b.op("Where", {positive, x[0], ops::scalar_like(b, 1, x[0])});
  ValueId db = b.mul(dy[0], b.mul(y[0], b.op("Log", {safe})));
  return Values{da, b.unbroadcast(db, x[1])};
}

std::vector<Sample> samples() {
  Sample::Input base = ops::random_input({3, 5}, 0.5, 2);
  return {{.inputs = {base, ops::random_input({3, 5}, -2, 2)}},
          {.inputs = {base, ops::random_input({5}, -2, 2)}},
          {.inputs = {base, ops::given(Tensor::scalar(2.0f), true)}},
          {.inputs = {base, ops::given(Tensor::scalar(3.0f), true)}},
          {.inputs = {base, ops::given(Tensor::scalar(0.5f), true)}},
          {.inputs = {base, ops::given(Tensor::of<int64_t>({2, 1, 1}, {3, -1}))}},
          {.inputs = {ops::random_input({4}, -4, 4, DType::i32), ops::given(Tensor::scalar(int32_t{3}))}}};
}

}  // namespace

OPERATOR(pow) = {
    .name = "Pow",
    .doc = "a^b in a's type, with broadcasting; integers wrap around.",
    .inputs = {2, 2},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .rows = Rows::aligned,
    .batch = ops::batch::elementwise,
    .tflite = {"POW"},
    .samples = samples,
};

}  // namespace slipway
