// Resize.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/movement.h"
#include "ops/resizing.h"

namespace slipway {

namespace {

// Inputs: x, roi, scales, sizes. An empty scales or sizes counts as omitted.
bool empty(InferContext& c, size_t i) {
  if (!c.has_input(i)) return true;
  const Dims& dims = c.dims(i);
  return dims.size() == 1 && dims[0].known() && dims[0].size == 0;
}

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  (void)TRY(ops::resize_rule(c.node()));
  if (c.dtype(0) == DType::string) return invalid("x is of strings; expected numbers");
  bool scales = !empty(c, 2);
  bool sizes = !empty(c, 3);
  if (scales == sizes) return invalid("scales and sizes: expected one of the two");
  if (scales) RETURN_IF_ERROR(ops::expect_dtype(c, 2, {DType::f32}));
  if (sizes) RETURN_IF_ERROR(ops::expect_dtype(c, 3, {DType::i64}));
  const Tensor* known = c.known(scales ? 2 : 3);
  if (known == nullptr) {
    c.set(0, c.dtype(0), ops::unknown_dims(x.size()));
    return {};
  }
  Dims y = TRY(ops::resize_dims(c.node(), x, scales ? known : nullptr, scales ? nullptr : known));
  for (size_t d = 0; d < x.size(); ++d) {
    if (x[d].known() && x[d].size == 0 && y[d].known() && y[d].size > 0) {
      return invalid(fmt::format("dimension {} of {} has nothing to resize", d, to_string(x)));
    }
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  return ops::resize_kernel(c, {.roi = 1, .scales = 2, .sizes = 3});
}

// dx: each dy spread over what it read, by the same weights
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  if (n.text("coordinate_transformation_mode") == "tf_crop_and_resize") {
    return unsupported("no gradient of Resize with tf_crop_and_resize");
  }
  if (n.text("keep_aspect_ratio_policy") != "stretch") {
    return unsupported("no gradient of Resize with a keep_aspect_ratio_policy");
  }
  Values inputs = {dy[0], ops::shape_of(b, x[0])};
  if (n.has_input(2)) inputs.push_back(x[2]);
  Values dx(n.inputs.size());
  dx[0] = b.op("ResizeGrad", inputs, n.attributes, "slipway");
  return dx;
}

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    all.push_back({.inputs = {ops::sample({1, 2, 3, 4}), {}, ops::fixed(Tensor::of<float>({4}, {1, 1, 2, 1.5f}))},
                   .attributes = {{"mode", mode}}});
  }
  all.push_back({.inputs = {ops::sample({1, 1, 5, 4}), {}, {}, ops::ints_sample({1, 1, 3, 3})},
                 .attributes = {{"mode", "linear"}, {"antialias", int64_t{1}}}});
  return all;
}

}  // namespace

OPERATOR(resize) = {
    .name = "Resize",
    .since = 10,
    .doc = "y = x resampled to `sizes` or by `scales`: nearest, linear or cubic between elements.",
    .inputs = {1, 4},
    .attributes = ops::kResizeAttributes,
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::resize,
    .quant = {Quant::passes},
    .tflite = {"RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR for nearest; H and W of images; cubic is refused"},
    .samples = samples,
};

}  // namespace slipway
