// Card: slipway.SparseSoftmaxCrossEntropy, the fused loss of classifiers.
#include <limits>

#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/bounds.h"
#include "kernels/softmax.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::f32, DType::f64}));
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i32, DType::i64}));
  if (c.dims(0).size() != 2 || c.dims(1).size() != 1) {
    return invalid(
        fmt::format("logits {} and labels {}; expected [N, C] and [N]", to_string(c.dims(0)), to_string(c.dims(1))));
  }
  Dim n = c.dims(0)[0], labels = c.dims(1)[0];
  if (n.known() && labels.known() && n.size != labels.size) {
    return invalid(fmt::format("{} rows of logits and {} labels; expected as many", n.size, labels.size));
  }
  c.set(0, c.dtype(0), {});
  c.set(1, c.dtype(0), c.dims(0));
  c.set(2, DType::f32, {});
  return {};
}

// T: logits, L: labels. row: one row's loss and gradient.
template <typename T, typename L, typename Row>
Kernel make_kernel(const PrepareContext& c, Row row) {
  int64_t rows = c.in(0).shape[0], n = c.in(0).shape[1];
  int threads = c.threads();
  bool counts = c.has_output(2);
  T scale = rows > 0 ? T{1} / static_cast<T>(rows) : T{0};
  auto run = [=](const KernelArgs& args) {
    const T* x = args.input<T>(0);
    const L* labels = args.input<L>(1);
    args.report(kernels::expect_inside("label", dtype_of<L>, labels, rows, 0, n));
    T* dx = args.output<T>(1);
    kernels::RowLoss* results = static_cast<kernels::RowLoss*>(args.scratch);
    parallel_for(threads, rows, ops::kElementGrain / 8 / (n + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        bool valid = labels[i] >= 0 && labels[i] < n;
        results[i] = row(x + i * n, n, valid ? labels[i] : 0, scale, dx + i * n);
        if (!valid) results[i] = {std::numeric_limits<double>::quiet_NaN(), false};
      }
    });
    double loss = 0;
    int64_t correct = 0;
    for (int64_t i = 0; i < rows; ++i) {
      loss += results[i].loss;
      correct += results[i].correct;
    }
    *args.output<T>(0) = static_cast<T>(loss / static_cast<double>(rows));
    if (counts) *args.output<float>(2) = static_cast<float>(correct);
  };
  return {run, static_cast<size_t>(rows) * sizeof(kernels::RowLoss)};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).shape[1] == 0) return invalid("logits have no classes; expected [N, C] with C > 0");
  bool wide = c.in(1).dtype == DType::i64;
  if (c.in(0).dtype == DType::f64) {
    return wide ? make_kernel<double, int64_t>(c, kernels::cross_entropy_any<double>)
                : make_kernel<double, int32_t>(c, kernels::cross_entropy_any<double>);
  }
  return wide ? make_kernel<float, int64_t>(c, kernels::cross_entropy_f32())
              : make_kernel<float, int32_t>(c, kernels::cross_entropy_f32());
}

// The kernel made it already: dlogits = dloss (softmax - onehot) / N
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.mul(dy[0], y[1]), {}};
}

std::vector<Sample> samples() {
  return {
      {.inputs = {ops::random_input({5, 10}, -3, 3), ops::given(Tensor::of<int64_t>({5}, {0, 9, 3, 3, 7}))},
       .outputs = 3},
      {.inputs = {ops::random_input({3, 40}, -3, 3), ops::given(Tensor::of<int32_t>({3}, {39, 0, 16}))}, .outputs = 3}};
}

}  // namespace

OPERATOR(sparse_softmax_cross_entropy) = {
    .name = "SparseSoftmaxCrossEntropy",
    .domain = "slipway",
    .doc =
        "mean(-log softmax(logits)[label]) with its gradient and the count of rows whose first largest logit is at "
        "the label: (logits [N, C], labels [N]) -> (loss, dlogits [N, C], correct); only loss is differentiable, a "
        "label outside [0, C) is an error.",
    .inputs = {2, 2},
    .outputs = {2, 3},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
