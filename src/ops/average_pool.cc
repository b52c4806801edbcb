// AveragePool.
#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/batch_rules.h"
#include "ops/pooling.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::PoolShape p = TRY(ops::pool_shape(c.node(), c.in(0).shape, c.out(0).shape));
  bool include_pad = c.node().integer("count_include_pad") != 0;
  int threads = c.threads();
  DType dtype = c.in(0).dtype;
  if (dtype != DType::f32 && dtype != DType::f64) {
    return unsupported(fmt::format("AveragePool has no arithmetic for {}", dtype_name(dtype)));
  }
  Kernel kernel;
  kernel.run = [=](const KernelArgs& a) {
    if (dtype == DType::f32) {
      kernels::vector_average_pool(p, a.input<float>(0), a.output<float>(0), include_pad, threads);
    } else {
      kernels::average_pool(p, a.input<double>(0), a.output<double>(0), include_pad, threads);
    }
  };
  return kernel;
}

// dx[i] = sum over the windows o that hold i of dy[o] / size(o)
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.op("AveragePoolGrad", {x[0], dy[0]}, n.attributes, "slipway")};
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {1, 2, 6, 6}}}},
           .attributes = {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}}},
          {.inputs = {{.type = {DType::f32, {2, 1, 7, 5}}}},
           .attributes = {{"kernel_shape", std::vector<int64_t>{3, 3}},
                          {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                          {"count_include_pad", int64_t{1}}}}};
}

}  // namespace

OPERATOR(average_pool) = {
    .name = "AveragePool",
    .since = 1,
    .doc = "The mean of each window over the spatial dimensions of [N, C, ...].",
    .attributes = ops::windowed({ops::kPoolKernelShape, {"ceil_mode", 0}, {"count_include_pad", 0}}),
    .infer = ops::infer_pool,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .quant = {Quant::rescales},
    .tflite = {"AVERAGE_POOL_2D",
               "2-D, no dilation; padding that counts as PAD before it, padding that does not only as SAME"},
    .samples = samples,
};

}  // namespace slipway
