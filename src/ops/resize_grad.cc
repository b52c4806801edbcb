// slipway.ResizeGrad: the gradient of Resize.
#include <fmt/format.h>

#include "ops/expect.h"
#include "ops/movement.h"
#include "ops/resizing.h"

namespace slipway {

namespace {

// Inputs: dy, shape of x, scales.
// Only the contents of the others tell whether dy fits.
Status infer(InferContext& c) {
  (void)TRY(ops::resize_rule(c.node()));
  RETURN_IF_ERROR(ops::expect_numbers(c, 0));
  std::optional<std::vector<int64_t>> shape = TRY(ops::index_input(c, 1));
  if (c.has_input(2)) RETURN_IF_ERROR(ops::expect_dtype(c, 2, {DType::f32}));
  if (!shape || (c.has_input(2) && c.known(2) == nullptr)) return ops::await_contents(c);
  (void)TRY(checked_count(*shape));
  Dims x = to_dims(*shape), y = c.dims(0);
  bool scaled = c.has_input(2) && c.known(2)->count() > 0;
  if (scaled) y = TRY(ops::resize_dims(c.node(), x, c.known(2), nullptr));
  RETURN_IF_ERROR(ops::expect_dims(c, 0, "dy", y));
  bool fits = x.size() == y.size();
  for (size_t d = 0; fits && d < x.size(); ++d) fits = !y[d].known() || (x[d].size == 0) == (y[d].size == 0);
  if (!fits) return invalid(fmt::format("dy {} is no resized {}", to_string(y), to_string(x)));
  c.set(0, c.dtype(0), std::move(x));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  return ops::resize_grad_kernel(c, {.roi = 3, .scales = 2, .sizes = 3});
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({1, 1, 6, 4}), ops::ints_sample({1, 1, 3, 2}),
                      ops::fixed(Tensor::of<float>({4}, {1, 1, 2, 2}))},
           .attributes = {{"mode", "linear"}}}};
}

}  // namespace

OPERATOR(resize_grad) = {
    .name = "ResizeGrad",
    .domain = "slipway",
    .doc = "dx = zeros of `shape`; each dy is spread over the elements that Resize read, by the same weights.",
    .inputs = {2, 3},
    .attributes = ops::kResizeAttributes,
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "exists in training only"},
    .samples = samples,
};

}  // namespace slipway
