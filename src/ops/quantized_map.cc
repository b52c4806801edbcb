// slipway.QuantizedMap: any function of one quantized value, as a table.
#include <fmt/format.h>

#include "kernels/bytes.h"
#include "ops/requantization.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::u8}));
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::u8}));
  const Dims& table = c.dims(1);
  if (table.size() != 1 || (table[0].known() && table[0].size != 256)) {
    return invalid(fmt::format("the table is {}; expected [256]", to_string(table)));
  }
  c.set(0, DType::u8, c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return Kernel{.run = [n = c.in(0).count(), threads = c.threads()](const KernelArgs& a) {
    kernels::map_bytes(a.input<uint8_t>(0), a.input<uint8_t>(1), a.output<uint8_t>(0), n, threads);
  }};
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::u8, {3, 70}}, .low = 0, .high = 255},
                      {.type = {DType::u8, {256}}, .low = 0, .high = 255, .constant = true}}}};
}

}  // namespace

OPERATOR(quantized_map) = {
    .name = "QuantizedMap",
    .domain = "slipway",
    .doc = "y = table[x] of uint8: a change of scale, an activation, or a chain of such.",
    .inputs = {2, 2},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .rows = Rows::first,
    .tflite = {nullptr, "only a session's rewrites make it; a model holds DequantizeLinear and QuantizeLinear"},
    .samples = samples,
};

}  // namespace slipway
