// Card: CumSum.
#include "graph/builder.h"
#include "kernels/bounds.h"
#include "ops/axis.h"
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i32, DType::i64}));
  if (std::optional<std::vector<int64_t>> axis = ops::known_ints(c, 1)) {
    if (axis->size() != 1) return invalid("axis is not one number");
    RETURN_IF_ERROR(normalize_axis((*axis)[0], static_cast<int64_t>(c.dims(0).size())).status());
  }
  return ops::infer_same(c);
}

struct Order {
  bool exclusive;
  bool reverse;
};

// x, y: [n, inner], summed along n. y may be x.
template <typename T>
void cumulate(const T* x, T* y, int64_t n, int64_t inner, Order order) {
  for (int64_t k = 0; k < inner; ++k) {
    kernels::Compute<T> sum = 0;
    for (int64_t step = 0; step < n; ++step) {
      int64_t at = (order.reverse ? n - 1 - step : step) * inner + k;
      kernels::Compute<T> with = kernels::wrap_add(sum, kernels::widen(x[at]));
      y[at] = convert_element<T>(order.exclusive ? sum : with);
      sum = with;
    }
  }
}

using SummableTypes = ops::Types<float, double, Half, BFloat16, int32_t, int64_t, uint32_t, uint64_t>;

Result<Kernel> prepare(const PrepareContext& c) {
  Order order = {c.node().integer("exclusive") != 0, c.node().integer("reverse") != 0};
  bool wide = c.in(1).dtype == DType::i64;
  Shape shape = c.in(0).shape;
  int64_t rank = static_cast<int64_t>(shape.size());
  if (rank == 0) return invalid("a scalar has no axis to sum along");
  return ops::for_types(SummableTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) -> Kernel {
    return {[=](const KernelArgs& args) {
      args.report(kernels::expect_inside("axis", wide ? DType::i64 : DType::i32, args.in[1], 1, -rank, rank));
      int64_t axis = wide ? *args.input<int64_t>(1) : *args.input<int32_t>(1);
      size_t at = static_cast<size_t>(std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank - 1));
      int64_t inner = element_count(std::span(shape).subspan(at + 1));
      int64_t part = shape[at] * inner, count = element_count(shape);
      for (int64_t i = 0; i < count; i += part) {
        cumulate(args.input<T>(0) + i, args.output<T>(0) + i, shape[at], inner, order);
      }
    }};
  });
}

// dx = CumSum(dy) in the other direction
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  int64_t reverse = n.integer("reverse") == 0;
  return Values{b.op("CumSum", {dy[0], x[1]}, {{"exclusive", n.integer("exclusive")}, {"reverse", reverse}}), {}};
}

std::vector<Sample> samples() {
  auto sample = [](int64_t axis, int64_t exclusive, int64_t reverse) {
    return Sample{.inputs = {ops::random_input({2, 3, 4}), ops::given(Tensor::scalar(axis))},
                  .attributes = {{"exclusive", exclusive}, {"reverse", reverse}}};
  };
  return {sample(0, 0, 0), sample(1, 1, 0), sample(-1, 0, 1), sample(2, 1, 1)};
}

}  // namespace

OPERATOR(cum_sum) = {
    .name = "CumSum",
    .since = 11,
    .doc = "y[i] = x[0] + ... + x[i] along `axis`; without x[i] when `exclusive`, from the end when `reverse`.",
    .inputs = {2, 2},
    .attributes = {{{"exclusive", 0}, {"reverse", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::cum_sum,
    .tflite = {"CUMSUM", "constant axis"},
    .samples = samples,
};

}  // namespace slipway
