// Quantized products: in, multiply, out.
#include "ops/quantized_product.h"

#include <limits>

#include <fmt/format.h>

#include "kernels/parallel.h"

namespace slipway::ops {

namespace {

constexpr int64_t kGrain = 16384;

Status expect_length(InferContext& c, size_t i, const Dim& n, const char* what) {
  if (!c.has_input(i)) return {};
  RETURN_IF_ERROR(expect_dtype(c, i, {DType::f32}));
  std::optional<Shape> shape = known_shape(c.dims(i));
  if (!shape || !n.known() || element_count(*shape) == n.size) return {};
  if (i == kWScale && element_count(*shape) == 1) return {};
  return invalid(fmt::format("{} has shape {}; expected {} elements", what, to_string(*shape), n.size));
}

}  // namespace

Status expect_quantized(InferContext& c, const Dim& channels) {
  RETURN_IF_ERROR(expect_dtype(c, kX, {DType::f32, DType::u8, DType::i8}));
  RETURN_IF_ERROR(expect_dtype(c, kW, {DType::i8}));
  RETURN_IF_ERROR(expect_length(c, kWScale, channels, "the scale of w"));
  RETURN_IF_ERROR(expect_length(c, kBias, channels, "the bias"));
  for (size_t i : {kXScale, kYScale}) RETURN_IF_ERROR(expect_length(c, i, Dim(1), "a scale"));
  bool floats = c.dtype(kX) == DType::f32;
  if (!floats && !c.has_input(kXScale)) return invalid("x is quantized; expected its scale");
  for (size_t i : {kXZero, kYZero}) {
    if (c.has_input(i)) RETURN_IF_ERROR(expect_dtype(c, i, {DType::u8, DType::i8}));
  }
  if (!floats && c.has_input(kXZero)) RETURN_IF_ERROR(expect_dtype(c, kXZero, {c.dtype(kX)}));
  std::string activation = c.node().text("activation");
  if (!activation.empty() && activation != "Relu") {
    return invalid(fmt::format("activation is \"{}\"; expected Relu or none", activation));
  }
  return {};
}

DType quantized_output(const Node& n, DType y_zero) {
  if (!n.has_input(kYScale)) return DType::f32;
  return n.has_input(kYZero) ? y_zero : DType::u8;
}

DType quantized_x(const PrepareContext& c) {
  if (c.in(kX).dtype != DType::f32) return c.in(kX).dtype;
  return c.has_input(kXScale) && c.has_input(kXZero) ? c.in(kXZero).dtype : DType::u8;
}

kernels::ZeroPoint quantized_x_zero(const PrepareContext& c) {
  if (!c.has_input(kXScale)) return {DType::u8, 1, nullptr};
  return zero_point(c, kXZero);
}

namespace {

struct QuantizedRun {
  std::shared_ptr<const kernels::Int8Product> product;
  int64_t rows, n;
  bool restores;
  kernels::StridedCopy restore;
  DType x, q, y;  // types of x, of x quantized, of y
  int64_t x_count, w_scales;
  bool bias, x_scale, x_zero, y_zero, relu;
  size_t product_at, q_at, zero_at, acc_at, scale_at, bias_at, y_at;
  int threads;

  struct In {
    const void* x;
    const void* zero;
    float scale;
  };

  // x as 8-bit numbers.
  In enter(const KernelArgs& a) const {
    const void* zero = x_zero ? a.in[kXZero] : nullptr;
    if (x != DType::f32) return {a.in[kX], zero, *a.input<float>(kXScale)};
    auto* scratch = static_cast<std::byte*>(a.scratch);
    const float* from = a.input<float>(kX);
    kernels::DynamicScale range = {};
    if (x_scale) {
      range.scale = *a.input<float>(kXScale);
    } else {
      range = kernels::dynamic_scale(from, x_count, threads);
      *reinterpret_cast<uint8_t*>(scratch + zero_at) = range.zero_point;
      zero = scratch + zero_at;
    }
    int32_t z = zero != nullptr ? kernels::zero_at(q, zero, 0) : 0;
    parallel_for(threads, x_count, kGrain, [&](int64_t begin, int64_t end) {
      auto* to = scratch + q_at + begin;
      if (q == DType::u8) {
        kernels::quantize_u8(from + begin, reinterpret_cast<uint8_t*>(to), end - begin, range.scale, z);
      } else {
        kernels::quantize_i8(from + begin, reinterpret_cast<int8_t*>(to), end - begin, range.scale, z);
      }
    });
    return {scratch + q_at, zero, range.scale};
  }

  kernels::Rescale rescale(const KernelArgs& a, const int32_t* offset, float x_step, float y_step) const {
    auto* scratch = static_cast<std::byte*>(a.scratch);
    kernels::Rescale r = {.n = n, .offset = offset, .scale = a.input<float>(kWScale), .factor = x_step / y_step};
    if (w_scales != n) {
      auto* scale = reinterpret_cast<float*>(scratch + scale_at);
      std::fill_n(scale, n, *r.scale);
      r.scale = scale;
    }
    if (!bias) return r;
    r.bias = a.input<float>(kBias);
    if (y_step == 1) return r;
    auto* steps = reinterpret_cast<float*>(scratch + bias_at);
    for (int64_t j = 0; j < n; ++j) steps[j] = r.bias[j] / y_step;
    r.bias = steps;
    return r;
  }

  void operator()(const KernelArgs& a) const {
    auto* scratch = static_cast<std::byte*>(a.scratch);
    auto* acc = reinterpret_cast<int32_t*>(scratch + acc_at);
    In in = enter(a);
    const int32_t* offset = product->run(a.instance, {in.x, a.in[kW], in.zero, nullptr, acc, scratch + product_at});
    void* to = restores ? scratch + y_at : a.out[0];
    if (y == DType::f32) {
      float low = relu ? 0.f : -std::numeric_limits<float>::infinity();
      kernels::rescale_to_float(rescale(a, offset, in.scale, 1), acc, rows, low, static_cast<float*>(to), threads);
    } else {
      int32_t zero = y_zero ? kernels::zero_at(y, a.in[kYZero], 0) : 0;
      int32_t low = relu ? zero : y == DType::u8 ? 0 : -128;
      float step = *a.input<float>(kYScale);
      kernels::rescale_to_int8(rescale(a, offset, in.scale, step), acc, rows, zero, low, y, to, threads);
    }
    if (restores) kernels::strided_copy(restore, y, to, a.out[0], threads);
  }
};

}  // namespace

Kernel quantized_kernel(const PrepareContext& c, std::shared_ptr<const kernels::Int8Product> product, int64_t rows,
                        int64_t n, const kernels::StridedCopy* restore) {
  kernels::ScratchLayout layout;
  QuantizedRun run = {.product = product, .rows = rows, .n = n};
  run.restores = restore != nullptr && !(restore->rank <= 1);
  if (run.restores) run.restore = *restore;
  run.x = c.in(kX).dtype;
  run.q = quantized_x(c);
  run.y = c.out(0).dtype;
  run.x_count = c.in(kX).count();
  run.w_scales = c.in(kWScale).count();
  run.bias = c.has_input(kBias);
  run.x_scale = c.has_input(kXScale);
  run.x_zero = run.x_scale && c.has_input(kXZero);
  run.y_zero = c.has_input(kYZero);
  run.relu = c.node().text("activation") == "Relu";
  run.threads = c.threads();
  auto channels = static_cast<size_t>(n) * sizeof(float);
  run.product_at = layout.reserve(product->scratch_bytes());
  run.q_at = layout.reserve(run.x == DType::f32 ? static_cast<size_t>(run.x_count) : 0);
  run.zero_at = layout.reserve(1);
  run.acc_at = layout.reserve(static_cast<size_t>(rows * n) * sizeof(int32_t));
  run.scale_at = layout.reserve(run.w_scales == n ? 0 : channels);
  run.bias_at = layout.reserve(run.bias ? channels : 0);
  run.y_at = layout.reserve(run.restores ? c.out(0).bytes() : 0);
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.make_instance = [product] { return product->make_instance(); };
  kernel.run = std::move(run);
  return kernel;
}

}  // namespace slipway::ops
