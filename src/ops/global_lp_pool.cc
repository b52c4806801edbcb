// GlobalLpPool.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/body.h"
#include "ops/global_pool.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Values body(Builder& b, const Node& n, const Values& x) {
  int64_t p = n.integer("p");
  if (p < 1) b.fail(invalid(fmt::format("p is {}; expected at least 1", p)));
  ValueId axes = ops::spatial_axes(b, x[0]);
  if (!b.status().ok()) return {};
  if (p <= 2) return {b.op(p == 1 ? "ReduceL1" : "ReduceL2", {x[0], axes})};
  double power = static_cast<double>(p);
  ValueId raised = b.op("Pow", {b.op("Abs", {x[0]}), ops::scalar_like(b, power, x[0])});
  return {b.op("Pow", {b.op("ReduceSum", {raised, axes}), ops::scalar_like(b, 1 / power, x[0])})};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({2, 3, 4, 5})}},
          {.inputs = {ops::random_input({2, 3, 4}, 0.5, 1)}, .attributes = {{"p", int64_t{3}}}}};
}

}  // namespace

OPERATOR(global_lp_pool) = {
    .name = "GlobalLpPool",
    .since = 1,
    .doc = "(sum |x|^p)^(1/p) of each channel over all spatial dimensions, which stay with size 1.",
    .attributes = {{{"p", 2}}},
    .infer = ops::infer_body<body>,
    .cpu = ops::prepare_body<body>,
    .gradient = ops::gradient_of_body<body>,
    .batch = ops::batch::first_axis,
    .tflite = {nullptr, "TFLite pools globally by mean and sum only"},
    .samples = samples,
};

}  // namespace slipway
