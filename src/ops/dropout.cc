// Card: Dropout.
#include "kernels/dropout.h"
#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/expect.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  if (c.has_input(1)) RETURN_IF_ERROR(ops::expect_numbers(c, 1));
  if (c.has_input(2)) RETURN_IF_ERROR(ops::expect_dtype(c, 2, {DType::boolean}));
  RETURN_IF_ERROR(ops::expect_one(c, 1, "the ratio"));
  RETURN_IF_ERROR(ops::expect_one(c, 2, "training_mode"));
  c.set(0, c.dtype(0), c.dims(0));
  c.set(1, DType::boolean, c.dims(0));
  return {};
}

// The first element of an optional float scalar.
float ratio_of(const KernelArgs& args, DType dtype) {
  if (dtype == DType::undefined) return 0.5f;
  return visit_dtype(dtype, [&]<typename R>(TypeTag<R>) { return convert_element<float>(*args.input<R>(1)); });
}

// y = x mask for one block of at most kDropoutBlock elements. kept: nullptr when nobody asked for the mask.
template <typename T>
void drop(const T* x, const float* mask, T* y, bool* kept, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    auto value = kernels::widen(x[i]);
    y[i] = convert_element<T>(mask[i] != 0 ? value * static_cast<decltype(value)>(mask[i]) : 0);
    if (kept != nullptr) kept[i] = mask[i] != 0;
  }
}

template <typename T>
Kernel dropout_kernel(const PrepareContext& c) {
  int64_t n = c.in(0).count();
  DType ratio_type = c.has_input(1) ? c.in(1).dtype : DType::undefined;
  bool has_mode = c.has_input(2), has_mask = c.has_output(1);
  uint64_t seed = c.node().has("seed") ? static_cast<uint64_t>(c.node().integer("seed")) : 0;
  kernels::DropoutMaskFn make_mask = kernels::dropout_mask_f32();
  return {[=](const KernelArgs& args) {
    bool training = has_mode && *args.input<bool>(2);
    float ratio = training ? ratio_of(args, ratio_type) : 0;
    float mask[kernels::kDropoutBlock];
    for (int64_t at = 0; at < n; at += kernels::kDropoutBlock) {
      int64_t end = std::min(at + kernels::kDropoutBlock, n);
      if (ratio == 0) {
        std::fill(mask, mask + (end - at), 1.f);
      } else {
        make_mask(seed, 0, ratio, at, end, mask);
      }
      drop(args.input<T>(0) + at, mask, args.output<T>(0) + at, has_mask ? args.output<bool>(1) + at : nullptr,
           end - at);
    }
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::for_types(ops::FloatTypes{}, c, c.in(0).dtype,
                        [&]<typename T>(TypeTag<T>) { return dropout_kernel<T>(c); });
}

// dx = the same drop of dy: the mask depends on seed and position alone
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = x;
  inputs[0] = dy[0];
  Attributes attributes;
  if (n.has("seed")) attributes.set("seed", n.integer("seed"));
  Values dx(x.size());
  dx[0] = b.op("Dropout", inputs, attributes);
  return dx;
}

std::vector<Sample> samples() {
  Sample::Input x = ops::random_input({4, 9}), half = ops::given(Tensor::scalar(0.5f)),
                yes = ops::given(Tensor::scalar(true)), no = ops::given(Tensor::scalar(false));
  return {{.inputs = {x}},
          {.inputs = {x, half, no}, .outputs = 2},
          {.inputs = {x, half, yes}, .attributes = {{"seed", int64_t{7}}}, .outputs = 2},
          {.inputs = {x, ops::omitted(), yes}}};
}

}  // namespace

OPERATOR(dropout) = {
    .name = "Dropout",
    .doc =
        "x as it is; with `training_mode` each element 0 with probability `ratio`, else x / (1 - ratio), the mask "
        "given by `seed` alone (training graphs use slipway.DropoutMask, which changes with the step).",
    .inputs = {1, 3},
    .outputs = {1, 2},
    .attributes = {{{"seed", kOptionalInt}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::dropout,
    .quant = {Quant::passes},
    .tflite = {nullptr, "left out: an inference model does not drop"},
    .samples = samples,
};

}  // namespace slipway
