// slipway.MaxPoolChannelsLast: MaxPool on [N, ..., C].
#include <fmt/format.h>

#include "ops/pooling.h"

namespace slipway {
namespace {

template <typename T>
Kernel typed(const kernels::PoolShape& p, int threads) {
  return {.run = [p, threads](const KernelArgs& a) {
    kernels::vector_max_pool(p, a.input<T>(0), a.output<T>(0), threads);
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  kernels::PoolShape p = TRY(ops::pool_shape_channels_last(c.node(), c.in(0).shape, c.out(0).shape));
  switch (c.in(0).dtype) {
    case DType::f32: return typed<float>(p, c.threads());
    case DType::u8: return typed<uint8_t>(p, c.threads());
    case DType::i8: return typed<int8_t>(p, c.threads());
    default: return unsupported(fmt::format("MaxPoolChannelsLast has no arithmetic for {}", dtype_name(c.in(0).dtype)));
  }
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {2, 7, 6, 3}}}},
           .attributes = {{"kernel_shape", std::vector<int64_t>{3, 2}}, {"strides", std::vector<int64_t>{2, 2}}}}};
}

}  // namespace

OPERATOR(max_pool_channels_last) = {
    .name = "MaxPoolChannelsLast",
    .domain = "slipway",
    .doc = "The largest value of each window over the spatial dimensions of [N, ..., C].",
    .attributes = ops::windowed({ops::kPoolKernelShape, {"ceil_mode", 0}}),
    .infer = ops::infer_pool_channels_last,
    .cpu = prepare,
    .rows = Rows::first,
    .quant = {Quant::passes},
    .tflite = {nullptr, "only a session's rewrites make it; a model holds MaxPool"},
    .samples = samples,
};

}  // namespace slipway
