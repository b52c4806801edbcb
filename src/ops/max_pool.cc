// MaxPool.
#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/pooling.h"

namespace slipway {
namespace {

template <typename T>
Kernel typed(const kernels::PoolShape& p, bool indices, bool column_major, int threads) {
  Kernel kernel;
  if constexpr (!std::is_same_v<T, double>) {
    if (!indices) {
      kernel.run = [=](const KernelArgs& a) { kernels::vector_max_pool(p, a.input<T>(0), a.output<T>(0), threads); };
      return kernel;
    }
  }
  kernel.run = [=](const KernelArgs& a) {
    kernels::max_pool(p, a.input<T>(0), a.output<T>(0), indices ? a.output<int64_t>(1) : nullptr, column_major,
                      threads);
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::PoolShape p = TRY(ops::pool_shape(c.node(), c.in(0).shape, c.out(0).shape));
  bool indices = c.has_output(1), column_major = c.node().integer("storage_order") == 1;
  switch (c.in(0).dtype) {
    case DType::f32: return typed<float>(p, indices, column_major, c.threads());
    case DType::f64: return typed<double>(p, indices, column_major, c.threads());
    case DType::u8: return typed<uint8_t>(p, indices, column_major, c.threads());
    case DType::i8: return typed<int8_t>(p, indices, column_major, c.threads());
    default: return unsupported(fmt::format("MaxPool has no arithmetic for {}", dtype_name(c.in(0).dtype)));
  }
}

// dx[i] = sum of dy[o] over the windows o whose first maximum is x[i]
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Attributes attributes = n.attributes;
  attributes.erase("storage_order");
  return Values{b.op("MaxPoolGrad", {x[0], dy[0]}, attributes, "slipway")};
}

// Values far enough apart that a small step changes no maximum.
Sample::Input spaced(Shape shape) {
  Tensor values(DType::f32, shape);
  int64_t n = values.count();
  for (int64_t i = 0; i < n; ++i)
    values.mutable_data<float>()[static_cast<size_t>(i)] = 0.1f * static_cast<float>(i * 29 % n);
  return {.type = values.type(), .value = values};
}

std::vector<Sample> samples() {
  return {{.inputs = {spaced({1, 2, 6, 6})},
           .attributes = {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}}},
          {.inputs = {spaced({2, 1, 7, 5})},
           .attributes = {{"kernel_shape", std::vector<int64_t>{3, 3}}, {"pads", std::vector<int64_t>{1, 1, 1, 1}}},
           .outputs = 2}};
}

}  // namespace

OPERATOR(max_pool) = {
    .name = "MaxPool",
    .since = 1,
    .doc = "The largest value of each window over the spatial dimensions of [N, C, ...].",
    .outputs = {1, 2},
    .attributes = ops::windowed({ops::kPoolKernelShape, {"ceil_mode", 0}, {"storage_order", 0}}),
    .infer = ops::infer_pool,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::max_pool,
    .quant = {Quant::passes},
    .tflite = {"MAX_POOL_2D", "2-D, no dilation; padding other than VALID and SAME as PADV2 before it"},
    .samples = samples,
};

}  // namespace slipway
