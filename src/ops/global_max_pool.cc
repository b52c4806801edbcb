// GlobalMaxPool.
#include "ops/batch_rules.h"
#include "ops/body.h"
#include "ops/global_pool.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Values body(Builder& b, const Node&, const Values& x) {
  return {b.op("ReduceMax", {x[0], ops::spatial_axes(b, x[0])})};
}

std::vector<Sample> samples() { return {{.inputs = {ops::random_input({2, 3, 4, 5})}}}; }

}  // namespace

OPERATOR(global_max_pool) = {
    .name = "GlobalMaxPool",
    .since = 1,
    .doc = "The largest element of each channel over all spatial dimensions, which stay with size 1.",
    .infer = ops::infer_body<body>,
    .cpu = ops::prepare_body<body>,
    .gradient = ops::gradient_of_body<body>,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .quant = {Quant::passes},
    .tflite = {nullptr, "not written yet; ReduceMax over the spatial dimensions says the same"},
    .samples = samples,
};

}  // namespace slipway
