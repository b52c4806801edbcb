// slipway.QuantizedAveragePool: AveragePool and GlobalAveragePool from uint8 to uint8, in either layout.
#include <fmt/format.h>

#include "kernels/bytes.h"
#include "ops/infer.h"
#include "ops/pooling.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::u8}));
  const Dims& given = c.dims(0);
  if (given.size() < 3 || given.size() > 5) {
    return invalid(fmt::format("x {}; expected 1 to 3 spatial dimensions", to_string(given)));
  }
  const bool last = c.node().integer("channels_last") != 0;
  const Dims x = last ? ops::channels_first(given) : given;
  Dims y = {x[0], x[1]};
  if (c.node().integer("global") != 0) {
    y.resize(x.size(), Dim(1));
  } else {
    ops::Window window = TRY(ops::window_of(c.node(), x, {}));
    for (const Dim& dim : ops::window_output(x, window, c.node().integer("ceil_mode") != 0)) y.push_back(dim);
  }
  c.set(0, DType::u8, last ? ops::channels_last(y) : y);
  return {};
}

// One window over all of each plane.
kernels::PoolShape global_shape(const Shape& x, bool last) {
  kernels::PoolShape p;
  p.planes = last ? x[0] : x[0] * x[1];
  p.inner = last ? x.back() : 1;
  p.in[2] = p.kernel[2] = element_count(x) / std::max<int64_t>(1, p.planes * p.inner);
  return p;
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  if (c.out(0).count() == 0) return Kernel{.run = [](const KernelArgs&) {}};
  const bool last = n.integer("channels_last") != 0;
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  kernels::PoolShape p;
  if (n.integer("global") != 0) {
    p = global_shape(x, last);
  } else {
    p = TRY(last ? ops::pool_shape_channels_last(n, x, y) : ops::pool_shape(n, x, y));
  }
  kernels::ByteMean mean = {static_cast<int32_t>(n.integer("x_zero")), n.real("scale"), n.real("y_zero")};
  mean.include_pad = n.integer("count_include_pad") != 0;
  return Kernel{.run = [p, mean, threads = c.threads()](const KernelArgs& a) {
    kernels::average_pool_bytes(p, mean, a.input<uint8_t>(0), a.output<uint8_t>(0), threads);
  }};
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  Sample::Input x = {.type = {DType::u8, {2, 7, 6, 17}}, .low = 0, .high = 255};
  const int64_t one = 1;
  return {{.inputs = {x},
           .attributes = {{"kernel_shape", Ints{3, 3}},
                          {"pads", Ints{1, 1, 1, 1}},
                          {"channels_last", one},
                          {"x_zero", int64_t{9}},
                          {"scale", 0.75f},
                          {"y_zero", 5.0f}}},
          {.inputs = {x}, .attributes = {{"kernel_shape", Ints{2, 3}}, {"count_include_pad", one}}},
          {.inputs = {x}, .attributes = {{"global", one}, {"scale", 1.5f}}},
          {.inputs = {x}, .attributes = {{"global", one}, {"channels_last", one}}}};
}

}  // namespace

OPERATOR(quantized_average_pool) = {
    .name = "QuantizedAveragePool",
    .domain = "slipway",
    .doc =
        "saturate(round(scale mean(x - x_zero) + y_zero)) of uint8 over each window (`global`: over all of each plane) "
        "of [N, C, ...], or of [N, ..., C] with `channels_last`.",
    .attributes = ops::windowed({ops::kKernelShape,
                                 {"ceil_mode", 0},
                                 {"count_include_pad", 0},
                                 {"global", 0},
                                 {"channels_last", 0},
                                 {"x_zero", 0},
                                 {"scale", 1.0f},
                                 {"y_zero", 0.0f}}),
    .infer = infer,
    .cpu = prepare,
    .rows = Rows::first,
    .tflite = {nullptr, "only a session's rewrites make it; a model holds AveragePool between quantized values"},
    .samples = samples,
};

}  // namespace slipway
