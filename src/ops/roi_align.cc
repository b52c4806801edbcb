// RoiAlign.
#include "kernels/roi_align.h"

#include <fmt/format.h>

#include "kernels/bounds.h"
#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  const Dims &x = c.dims(0), &rois = c.dims(1);
  if (x.size() != 4 || rois.size() != 2 || c.dims(2).size() != 1 || (rois[1].known() && rois[1].size != 4)) {
    return invalid(fmt::format("X {}, rois {} and batch_indices {}; expected [N, C, H, W], [rois, 4] and [rois]",
                               to_string(x), to_string(rois), to_string(c.dims(2))));
  }
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {c.dtype(0)}));
  RETURN_IF_ERROR(ops::expect_dtype(c, 2, {DType::i64}));
  int64_t height = c.node().integer("output_height"), width = c.node().integer("output_width");
  if (height < 1 || width < 1 || c.node().integer("sampling_ratio") < 0) {
    return invalid("output_height and output_width must be at least 1, sampling_ratio at least 0");
  }
  c.set(0, c.dtype(0), {rois[0], x[1], height, width});
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  std::string mode = n.text("mode"), transform = n.text("coordinate_transformation_mode");
  if (mode != "avg" && mode != "max") return invalid(fmt::format("mode is \"{}\"; expected avg or max", mode));
  if (transform != "half_pixel" && transform != "output_half_pixel") {
    return invalid(
        fmt::format("coordinate_transformation_mode is \"{}\"; expected half_pixel or output_half_pixel", transform));
  }
  const Shape& x = c.in(0).shape;
  if (c.in(2).count() != c.in(1).shape[0]) return invalid("batch_indices must have one element per box");
  kernels::RoiSpec s{.batch = x[0],
                     .channels = x[1],
                     .height = x[2],
                     .width = x[3],
                     .rois = c.in(1).shape[0],
                     .out_height = n.integer("output_height"),
                     .out_width = n.integer("output_width"),
                     .sampling = n.integer("sampling_ratio"),
                     .scale = n.real("spatial_scale"),
                     .half_pixel = transform == "half_pixel",
                     .max = mode == "max"};
  int threads = c.threads();
  auto typed = [&]<typename T>(T) {
    return Kernel{[=](const KernelArgs& a) {
      a.report(kernels::expect_inside("batch_indices", DType::i64, a.in[2], s.rois, 0, s.batch));
      kernels::roi_align(s, a.input<T>(0), a.input<T>(1), a.input<int64_t>(2), a.output<T>(0), threads);
    }};
  };
  if (c.in(0).dtype == DType::f32) return typed(float{});
  if (c.in(0).dtype == DType::f64) return typed(double{});
  return unsupported(fmt::format("RoiAlign has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  Tensor boxes = Tensor::of<float>({2, 4}, {0, 0, 3, 2, 1, 1, 4, 4}), index = Tensor::of<int64_t>({2}, {0, 1});
  Attributes half = {{"output_height", int64_t{2}}, {"output_width", int64_t{3}}, {"sampling_ratio", int64_t{2}}};
  Attributes whole = half;
  whole.set("coordinate_transformation_mode", std::string("output_half_pixel"));
  whole.set("mode", std::string("max"));
  std::vector<Sample> all;
  for (const Attributes& attributes : {half, whole}) {
    all.push_back(
        {.inputs = {ops::random_input({2, 3, 5, 5}), ops::given(boxes), ops::given(index)}, .attributes = attributes});
  }
  return all;
}

}  // namespace

OPERATOR(roi_align) = {
    .name = "RoiAlign",
    .since = 10,
    .doc = "Each box of X [N, C, H, W] pooled to output_height × output_width bins from interpolated points.",
    .inputs = {3, 3},
    .attributes = {{{"coordinate_transformation_mode", "half_pixel"},
                    {"mode", "avg"},
                    {"output_height", 1},
                    {"output_width", 1},
                    {"sampling_ratio", 0},
                    {"spatial_scale", 1.0f}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
