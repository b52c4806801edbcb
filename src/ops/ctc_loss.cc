// Card: slipway.CtcLoss, the loss of sequences whose labels are not aligned with their steps.
#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/bounds.h"
#include "kernels/ctc.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::f32, DType::f64}));
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64}));
  const Dims &logits = c.dims(0), &labels = c.dims(1);
  if (logits.size() != 3 || labels.size() != 2) {
    return invalid(
        fmt::format("logits {} and labels {}; expected [N, T, C] and [N, L]", to_string(logits), to_string(labels)));
  }
  if (logits[0].known() && labels[0].known() && logits[0].size != labels[0].size) {
    return invalid(
        fmt::format("{} sequences of logits and {} of labels; expected as many", logits[0].size, labels[0].size));
  }
  c.set(0, c.dtype(0), {logits[0]});
  c.set(1, c.dtype(0), logits);
  return {};
}

template <typename T>
Kernel make_kernel(const PrepareContext& c) {
  const Shape& shape = c.in(0).shape;
  const int64_t n = shape[0];
  const kernels::CtcShape ctc{shape[1], shape[2], c.in(1).shape[1]};
  const size_t scratch = kernels::ctc_scratch_bytes(ctc);
  const int threads = c.threads();
  auto run = [=](const KernelArgs& args) {
    args.report(kernels::expect_inside("label", DType::i64, args.in[1], n * ctc.labels, 0, ctc.classes));
    parallel_for(threads, n, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        std::byte* own = static_cast<std::byte*>(args.scratch) + static_cast<size_t>(i) * scratch;
        const int64_t at = i * ctc.steps * ctc.classes;
        args.output<T>(0)[i] = static_cast<T>(kernels::ctc(
            ctc, args.input<T>(0) + at, args.input<int64_t>(1) + i * ctc.labels, own, args.output<T>(1) + at));
      }
    });
  };
  return {run, static_cast<size_t>(n) * scratch};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape& shape = c.in(0).shape;
  if (shape[1] == 0 || shape[2] == 0) {
    return invalid(fmt::format("logits {}; expected [N, T, C] with steps and classes",
                               to_string(std::span<const int64_t>(shape))));
  }
  return c.in(0).dtype == DType::f64 ? make_kernel<double>(c) : make_kernel<float>(c);
}

// The kernel made it already.
Result<Values> gradient(Builder& b, const Node&, const Values&, const Values& y, const Values& dy) {
  return Values{b.mul(b.op("Unsqueeze", {dy[0], b.ints({1, 2})}), y[1]), {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 6, 4}, -2, 2),
                      ops::given(Tensor::of<int64_t>({3, 3}, {1, 2, 3, 2, 2, 0, 3, 0, 0}))},
           .outputs = 2}};
}

}  // namespace

OPERATOR(ctc_loss) = {
    .name = "CtcLoss",
    .domain = "slipway",
    .doc =
        "-log p(labels | softmax(logits)) over all alignments (Graves et al. 2006) with its gradient: (logits "
        "[N, T, C], labels [N, L]) -> (loss [N], dlogits [N, T, C]); only loss is differentiable. Class 0 is the blank "
        "and pads labels. Infinite "
        "where the labels do not fit into T steps; a label outside [0, C) is an error.",
    .inputs = {2, 2},
    .outputs = {2, 2},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
