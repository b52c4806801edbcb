// slipway.AveragePoolChannelsLast: AveragePool on [N, ..., C].
#include "ops/pooling.h"

namespace slipway {
namespace {

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype != DType::f32) return unsupported("AveragePoolChannelsLast computes in float32");
  kernels::PoolShape p = TRY(ops::pool_shape_channels_last(c.node(), c.in(0).shape, c.out(0).shape));
  bool include_pad = c.node().integer("count_include_pad") != 0;
  return Kernel{.run = [p, include_pad, threads = c.threads()](const KernelArgs& a) {
    kernels::vector_average_pool(p, a.input<float>(0), a.output<float>(0), include_pad, threads);
  }};
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {2, 7, 6, 3}}}},
           .attributes = {{"kernel_shape", std::vector<int64_t>{3, 3}},
                          {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                          {"count_include_pad", int64_t{1}}}}};
}

}  // namespace

OPERATOR(average_pool_channels_last) = {
    .name = "AveragePoolChannelsLast",
    .domain = "slipway",
    .doc = "The mean of each window over the spatial dimensions of [N, ..., C].",
    .attributes = ops::windowed({ops::kPoolKernelShape, {"ceil_mode", 0}, {"count_include_pad", 0}}),
    .infer = ops::infer_pool_channels_last,
    .cpu = prepare,
    .rows = Rows::first,
    .quant = {Quant::rescales},
    .tflite = {nullptr, "only a session's rewrites make it; a model holds AveragePool"},
    .samples = samples,
};

}  // namespace slipway
