// DepthToSpace.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/depth_space.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  int64_t b = TRY(ops::block_size(c));
  std::string mode = c.node().text("mode");
  if (mode != "DCR" && mode != "CRD") return invalid(fmt::format("mode is \"{}\"; expected DCR or CRD", mode));
  Dims y = c.dims(0);
  if (y[1].known() && y[1].size % (b * b) != 0) {
    return invalid(fmt::format("{} channels do not divide by blocksize² = {}", y[1].size, b * b));
  }
  y[1] = y[1].known() ? Dim(y[1].size / (b * b)) : Dim();
  for (size_t d : {2, 3}) y[d] = y[d].known() ? Dim(TRY(checked_count(Shape{y[d].size, b}))) : Dim();
  c.set(0, c.dtype(0), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  return ops::depth_space_kernel(c, c.in(0).shape, c.node().text("mode") == "CRD", true);
}

// dx = dy moved back: SpaceToDepth orders channels as DCR; CRD goes through [N, C, H, b, W, b]
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  int64_t block = n.integer("blocksize");
  if (n.text("mode") == "DCR") return Values{b.op("SpaceToDepth", {dy[0]}, {{"blocksize", block}})};
  std::optional<Shape> s = known_shape(b.dims(x[0]));
  if (!s) return unsupported("the gradient of DepthToSpace in CRD mode needs a known shape");
  ValueId parts =
      b.op("Reshape", {dy[0], b.ints({(*s)[0], (*s)[1] / (block * block), (*s)[2], block, (*s)[3], block})});
  ValueId moved = b.op("Transpose", {parts}, {{"perm", std::vector<int64_t>{0, 1, 3, 5, 2, 4}}});
  return Values{b.reshape_like(moved, x[0])};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({1, 8, 2, 3})}, .attributes = {{"blocksize", int64_t{2}}}},
          {.inputs = {ops::sample({1, 8, 2, 3})}, .attributes = {{"blocksize", int64_t{2}}, {"mode", "CRD"}}}};
}

}  // namespace

OPERATOR(depth_to_space) = {
    .name = "DepthToSpace",
    .since = 1,
    .doc = "[N, C b b, H, W] to [N, C, H b, W b]; `mode` tells how channels are ordered (DCR: b, b, C; CRD: C, b, b).",
    .attributes = {{{"blocksize", kRequiredInt}, {"mode", "DCR"}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::first,
    .batch = ops::batch::first_axis,
    .quant = {Quant::passes},
    .tflite = {"DEPTH_TO_SPACE", "mode CRD behind a GATHER of the channels"},
    .samples = samples,
};

}  // namespace slipway
