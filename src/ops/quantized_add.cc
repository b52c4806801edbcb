// slipway.QuantizedAdd: the sum of two quantized tensors, quantized.
#include <fmt/format.h>

#include "kernels/bytes.h"
#include "ops/requantization.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  for (size_t i : {0, 1}) RETURN_IF_ERROR(ops::expect_dtype(c, i, {DType::u8}));
  const Dims &a = c.dims(0), &b = c.dims(1);
  bool fits = a.size() == b.size();
  for (size_t d = 0; fits && d < a.size(); ++d) fits = !a[d].known() || !b[d].known() || a[d].size == b[d].size;
  if (!fits) return invalid(fmt::format("{} and {}; expected one shape", to_string(a), to_string(b)));
  c.set(0, DType::u8, a);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  kernels::ByteSum sum = {n.real("a_scale"), n.real("b_scale"), n.real("offset")};
  sum.low = std::max(n.real("low"), 0.0f);
  sum.high = std::min(n.real("high"), 255.0f);
  return Kernel{.run = [sum, count = c.out(0).count(), threads = c.threads()](const KernelArgs& a) {
    kernels::add_bytes(sum, a.input<uint8_t>(0), a.input<uint8_t>(1), a.output<uint8_t>(0), count, threads);
  }};
}

std::vector<Sample> samples() {
  Sample::Input x = {.type = {DType::u8, {3, 25}}, .low = 0, .high = 255};
  return {{.inputs = {x, x}, .attributes = {{"a_scale", 0.5f}, {"b_scale", 0.75f}, {"offset", -20.0f}}}};
}

}  // namespace

OPERATOR(quantized_add) = {
    .name = "QuantizedAdd",
    .domain = "slipway",
    .doc = "clamp(round(a a_scale + b b_scale + offset), low, high) of two uint8 tensors of one shape.",
    .inputs = {2, 2},
    .attributes = {{{"a_scale", 1.0f}, {"b_scale", 1.0f}, {"offset", 0.0f}, ops::kLow, ops::kHigh}},
    .infer = infer,
    .cpu = prepare,
    .in_place = true,
    .rows = Rows::aligned,
    .tflite = {nullptr, "only a session's rewrites make it; a model holds Add between quantized values"},
    .samples = samples,
};

}  // namespace slipway
