// ConstantOfShape.
#include <fmt/format.h>

#include "kernels/strided_copy.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/sizes.h"

namespace slipway {

namespace {

Tensor value_of(const Node& n) { return n.has("value") ? n.tensor("value") : Tensor(DType::f32, {1}); }

Status infer(InferContext& c) {
  Tensor value = value_of(c.node());
  if (value.count() != 1) return invalid(fmt::format("`value` has {} elements; expected 1", value.count()));
  std::optional<std::vector<int64_t>> shape = TRY(ops::index_input(c, 0));
  if (shape) {
    (void)TRY(checked_count(*shape));
    c.set(0, value.dtype(), to_dims(*shape));
  } else if (c.dims(0).size() == 1 && c.dims(0)[0].known()) {
    c.set(0, value.dtype(), TRY(ops::unknown_dims_of_length(c.dims(0)[0], 0)));
  }
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{.run = [value = value_of(c.node()), n = c.out(0).count(), threads = c.threads()](const KernelArgs& a) {
    kernels::fill(value.dtype(), value.raw(), a.out[0], n, threads);
  }};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::ints_sample({2, 3})}},
          {.inputs = {ops::ints_sample({4})}, .attributes = {{"value", Tensor::of<int64_t>({1}, {7})}}}};
}

}  // namespace

OPERATOR(constant_of_shape) = {
    .name = "ConstantOfShape",
    .since = 9,
    .doc = "y = a tensor of shape x filled with `value` (by default 0.0).",
    .attributes = {{{"value", kOptionalTensor}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::constant_of_shape,
    .tflite = {"FILL", nullptr},
    .samples = samples,
};

}  // namespace slipway
