// GridSample.
#include "kernels/grid_sample.h"

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

using kernels::GridMode;
using kernels::GridPadding;

Result<GridMode> mode_of(const Node& n) {
  std::string name = n.text("mode");
  if (name == "linear") return GridMode::linear;
  if (name == "nearest") return GridMode::nearest;
  if (name == "cubic") return GridMode::cubic;
  return invalid(fmt::format("mode is \"{}\"; expected linear, nearest or cubic", name));
}

Result<GridPadding> padding_of(const Node& n) {
  std::string name = n.text("padding_mode");
  if (name == "zeros") return GridPadding::zeros;
  if (name == "border") return GridPadding::border;
  if (name == "reflection") return GridPadding::reflection;
  return invalid(fmt::format("padding_mode is \"{}\"; expected zeros, border or reflection", name));
}

Status infer(InferContext& c) {
  const Dims &x = c.dims(0), &grid = c.dims(1);
  auto spatial = static_cast<int64_t>(x.size()) - 2;
  bool coordinates = spatial >= 1 && grid.size() == x.size() && (!grid.back().known() || grid.back().size == spatial);
  if (spatial > 3 || !coordinates) {
    return invalid(
        fmt::format("X {} and grid {}; expected [N, C, ...] and [N, ..., dimensions] with 1 to 3 spatial "
                    "dimensions",
                    to_string(x), to_string(grid)));
  }
  RETURN_IF_ERROR(mode_of(c.node()).status());
  RETURN_IF_ERROR(padding_of(c.node()).status());
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {c.dtype(0)}));
  Dims out = {x[0], x[1]};
  out.insert(out.end(), grid.begin() + 1, grid.end() - 1);
  c.set(0, c.dtype(0), out);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  if (c.in(1).shape[0] != x[0]) return invalid("X and grid have different batches");
  if (c.out(0).count() == 0) return Kernel{[](const KernelArgs&) {}};
  kernels::GridSpec s{.batch = x[0], .channels = x[1], .spatial = static_cast<int64_t>(x.size()) - 2};
  for (size_t i = 2; i < x.size(); ++i) {
    if (x[i] == 0) return invalid("X has an empty spatial dimension");
    s.in[3 - x.size() + i] = x[i];
    s.out[3 - x.size() + i] = y[i];
  }
  s.mode = TRY(mode_of(c.node()));
  s.padding = TRY(padding_of(c.node()));
  s.align_corners = c.node().integer("align_corners") != 0;
  int threads = c.threads();
  auto typed = [&]<typename T>(T) {
    return Kernel{
        [=](const KernelArgs& a) { kernels::grid_sample(s, a.input<T>(0), a.input<T>(1), a.output<T>(0), threads); }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("GridSample has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (const char* mode : {"linear", "nearest", "cubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      all.push_back({.inputs = {ops::random_input({1, 2, 4, 3}), ops::random_input({1, 3, 2, 2}, -1.2, 1.2)},
                     .attributes = {{"mode", std::string(mode)}, {"padding_mode", std::string(padding)}}});
    }
  }
  all.push_back({.inputs = {ops::random_input({1, 1, 3, 4, 3}), ops::random_input({1, 2, 2, 2, 3})},
                 .attributes = {{"align_corners", int64_t{1}}}});
  return all;
}

}  // namespace

OPERATOR(grid_sample) = {
    .name = "GridSample",
    .since = 16,
    .doc = "X read at the positions of the grid, whose coordinates run from -1 to 1 (innermost dimension first).",
    .inputs = {2, 2},
    .attributes = {{{"align_corners", 0}, {"mode", "linear"}, {"padding_mode", "zeros"}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::grid_sample,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
