// LpNormalization.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/body.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// A vector of zeros stays one: its norm is taken for the smallest positive number.
Values body(Builder& b, const Node& n, const Values& x) {
  int64_t p = n.integer("p");
  if (p != 1 && p != 2) {
    b.fail(invalid(fmt::format("p is {}; expected 1 or 2", p)));
    return {};
  }
  ValueId norm = b.op(p == 1 ? "ReduceL1" : "ReduceL2", {x[0], b.ints({n.integer("axis")})});
  return {b.div(x[0], b.op("Max", {norm, ops::scalar_like(b, 1e-38, x[0])}))};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::random_input({3, 4})}},
          {.inputs = {ops::random_input({2, 3, 4}, 0.5, 1)}, .attributes = {{"p", int64_t{1}}, {"axis", int64_t{1}}}}};
}

}  // namespace

OPERATOR(lp_normalization) = {
    .name = "LpNormalization",
    .since = 1,
    .doc = "x / (sum |x|^p)^(1/p) along `axis`, p 1 or 2.",
    .attributes = {{{"axis", -1}, {"p", 2}}},
    .infer = ops::infer_body<body>,
    .cpu = ops::prepare_body<body>,
    .gradient = ops::gradient_of_body<body>,
    .batch = ops::batch::along_axis,
    .tflite = {nullptr, "not written yet; TFLite has L2_NORMALIZATION along the last axis"},
    .samples = samples,
};

}  // namespace slipway
