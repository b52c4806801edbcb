// SpaceToDepth.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/depth_space.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  int64_t b = TRY(ops::block_size(c));
  Dims y = c.dims(0);
  y[1] = y[1].known() ? Dim(TRY(checked_count(Shape{y[1].size, b, b}))) : Dim();
  for (size_t d : {2, 3}) {
    if (y[d].known() && y[d].size % b != 0) {
      return invalid(fmt::format("dimension {} of {} does not divide by blocksize {}", d, to_string(c.dims(0)), b));
    }
    y[d] = y[d].known() ? Dim(y[d].size / b) : Dim();
  }
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) { return ops::depth_space_kernel(c, c.out(0).shape, false, false); }

// dx = dy moved back
Result<Values> gradient(Builder& b, const Node& n, const Values&, const Values&, const Values& dy) {
  return Values{b.op("DepthToSpace", {dy[0]}, {{"blocksize", n.integer("blocksize")}})};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({1, 2, 4, 6})}, .attributes = {{"blocksize", int64_t{2}}}}};
}

}  // namespace

OPERATOR(space_to_depth) = {
    .name = "SpaceToDepth",
    .since = 1,
    .doc = "[N, C, H b, W b] to [N, b b C, H, W].",
    .attributes = {{{"blocksize", kRequiredInt}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::first_axis,
    .quant = {Quant::passes},
    .tflite = {"SPACE_TO_DEPTH", nullptr},
    .samples = samples,
};

}  // namespace slipway
