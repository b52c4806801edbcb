// DeformConv.
#include "kernels/deform_conv.h"

#include <fmt/format.h>

#include "kernels/product.h"
#include "kernels/scratch.h"
#include "ops/convolution.h"
#include "ops/expect.h"
#include "ops/samples.h"
#include "ops/sizes.h"

namespace slipway {
namespace {

Dim times(const Dim& d, int64_t n) { return d.known() ? Dim(d.size * n) : Dim(); }

// Inputs: X, W, offset, B, mask.
Status infer(InferContext& c) {
  if (c.dims(0).size() != 4) {
    return unsupported(fmt::format("X is {}; two spatial dimensions are implemented", to_string(c.dims(0))));
  }
  const Dims& w = c.dims(1);
  Dims y = TRY(ops::conv_output(c.node(), c.dims(0), w));
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  const int64_t groups = c.node().integer("offset_group");
  const Dim& channels = c.dims(0)[1];
  if (groups < 1 || groups > ops::kLargestStep || (channels.known() && channels.size % groups != 0)) {
    return invalid(fmt::format("offset_group is {} for {} channels; expected a divisor", groups, to_string(channels)));
  }
  Dim taps;
  if (w[2].known() && w[3].known()) {
    taps = TRY(checked_count(Shape{w[2].size, w[3].size, groups, 2})) / 2;
  }
  RETURN_IF_ERROR(ops::expect_dims(c, 2, "offset", {c.dims(0)[0], times(taps, 2), y[2], y[3]}));
  RETURN_IF_ERROR(ops::expect_dims(c, 3, "B", {w[0]}));
  RETURN_IF_ERROR(ops::expect_dims(c, 4, "mask", {c.dims(0)[0], taps, y[2], y[3]}));
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

kernels::DeformSpec spec_of(const PrepareContext& c, const ops::Window& window) {
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  kernels::DeformSpec s{.channels = x[1], .offset_groups = c.node().integer("offset_group")};
  for (size_t i = 0; i < 2; ++i) {
    s.size[i] = x[i + 2];
    s.out[i] = y[i + 2];
    s.kernel[i] = window.kernel[i];
    s.strides[i] = window.strides[i];
    s.dilations[i] = window.dilations[i];
    s.pads[i] = window.pads_begin[i];
  }
  return s;
}

// Y = W columns + B, image by image and group by group.
template <typename T>
Result<Kernel> typed(const PrepareContext& c) {
  const Shape &x = c.in(0).shape, &w = c.in(1).shape, &y = c.out(0).shape;
  const kernels::DeformSpec s = spec_of(c, TRY(ops::window_of(c.node(), to_dims(x), Shape(w.begin() + 2, w.end()))));
  const int64_t groups = c.node().integer("group"), filters = w[0] / groups, places = y[2] * y[3];
  const int64_t channels = w[1], k = w[1] * w[2] * w[3], per_x = c.in(0).count() / std::max<int64_t>(x[0], 1);
  const int64_t per_offset = c.in(2).count() / std::max<int64_t>(x[0], 1);
  MatmulSpec product{.m = filters, .n = places, .k = k};
  kernels::Product multiply = TRY(kernels::Product::make(c.in(0).dtype, product, ops::pack_through(c)));
  kernels::ScratchLayout layout;
  layout.reserve(multiply.scratch_bytes());
  const size_t columns = layout.reserve(TensorType{c.in(0).dtype, {k, places}}.bytes());
  const bool biased = c.has_input(3), masked = c.has_input(4);
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.make_instance = [multiply] { return multiply.make_instance(); };
  kernel.run = [=, images = x[0], threads = c.threads()](const KernelArgs& a) {
    auto* at = reinterpret_cast<T*>(static_cast<std::byte*>(a.scratch) + columns);
    for (int64_t n = 0; n < images; ++n) {
      const T* mask = masked ? a.input<T>(4) + n * (per_offset / 2) : nullptr;
      for (int64_t g = 0; g < groups; ++g) {
        T* out = a.output<T>(0) + (n * groups + g) * filters * places;
        kernels::deform_columns(s, g * channels, channels, a.input<T>(0) + n * per_x, a.input<T>(2) + n * per_offset,
                                mask, at, threads);
        multiply.run(a.input<T>(1) + g * filters * k, static_cast<const T*>(at), out, a.instance, a.scratch);
        for (int64_t i = 0; biased && i < filters * places; ++i) out[i] += a.input<T>(3)[g * filters + i / places];
      }
    }
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.out(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  if (c.in(0).dtype == DType::f32) return typed<float>(c);
  if (c.in(0).dtype == DType::f64) return typed<double>(c);
  return unsupported(fmt::format("DeformConv has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  using ops::random_input;
  return {{.inputs = {random_input({2, 4, 5, 4}), random_input({6, 2, 3, 2}), random_input({2, 24, 5, 5}, -2, 2),
                      random_input({6}), random_input({2, 12, 5, 5}, 0, 1)},
           .attributes = {{"group", int64_t{2}}, {"offset_group", int64_t{2}}, {"pads", Ints{1, 1, 1, 1}}}},
          {.inputs = {random_input({1, 1, 6, 6}), random_input({1, 1, 2, 2}), random_input({1, 8, 2, 4})},
           .attributes = {{"strides", Ints{2, 1}}, {"dilations", Ints{3, 2}}}}};
}

}  // namespace

OPERATOR(deform_conv) = {
    .name = "DeformConv",
    .since = 19,
    .doc =
        "Conv of X [N, C, H, W] whose taps are moved by offset [N, offset_group kh kw 2, ...] and weighted by mask "
        "[N, offset_group kh kw, ...].",
    .inputs = {3, 5},
    .attributes = ops::windowed({ops::kKernelShape, ops::kGroup, {"offset_group", 1}}),
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
