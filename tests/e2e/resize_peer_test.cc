// Resize against ONNX Runtime: nearest elements at scales that float32 does not hold, antialiasing at the edges, one
// scale for all axes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "graph/builder.h"
#include "ops/all.h"
#include "runtime/session.h"
#include "support/peers.h"

namespace slipway {
namespace {

struct Resized {
  std::string what;
  Graph graph;
  Tensor x;
};

// x counts up; one of `scales` and `sizes` is empty.
Resized resized(Shape shape, const std::vector<float>& scales, const std::vector<int64_t>& sizes,
                const Attributes& attributes) {
  Resized r;
  r.x = Tensor(DType::f32, shape);
  std::span<float> x = r.x.mutable_data<float>();
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * i % 97);
  Builder b(r.graph, all_operators());
  ValueId in = r.graph.add_input("x", DType::f32, to_dims(shape));
  const auto rank = static_cast<int64_t>(shape.size());
  ValueId by_scale = scales.empty() ? ValueId() : b.constant(Tensor::of<float>({rank}, scales));
  ValueId to_size = sizes.empty() ? ValueId() : b.ints(sizes);
  r.graph.outputs = {b.op("Resize", {in, {}, by_scale, to_size}, attributes)};
  EXPECT_TRUE(b.status().ok()) << b.status().message();
  for (const auto& [name, value] : attributes.items()) {
    if (const auto* text = std::get_if<std::string>(&value)) r.what += *text + " ";
  }
  for (float scale : scales) r.what += fmt::format("{} ", scale);
  for (int64_t size : sizes) r.what += fmt::format("to {} ", size);
  return r;
}

void expect_as_onnx_runtime(const std::vector<Resized>& cases, double tolerance) {
  std::vector<PeerJob> jobs;
  for (const Resized& r : cases) {
    Result<std::string> bytes = write_onnx(r.graph, {.opset = 19});
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    jobs.push_back({*bytes, {{"x", r.x}}});
  }
  Result<PeerAnswers> theirs = run_all_in_onnx_runtime(jobs);
  if (theirs.status().code() == Code::unavailable) GTEST_SKIP() << theirs.status().message();
  ASSERT_TRUE(theirs.ok()) << theirs.status().message();
  for (size_t i = 0; i < cases.size(); ++i) {
    const Result<std::vector<Tensor>>& y = (*theirs)[i];
    ASSERT_TRUE(y.ok()) << cases[i].what << y.status().message();
    auto session = Session::create(cases[i].graph, {.threads = 1});
    ASSERT_TRUE(session.ok()) << session.status().message();
    Result<std::vector<Tensor>> ours = (*session)->run(std::vector<Tensor>{cases[i].x});
    ASSERT_TRUE(ours.ok()) << cases[i].what << ours.status().message();
    Result<Difference> d = compare((*ours)[0], (*y)[0], tolerance, tolerance);
    ASSERT_TRUE(d.ok()) << cases[i].what << d.status().message();
    EXPECT_EQ(d->outside, 0) << cases[i].what << ": " << to_string((*ours)[0]) << "; expected " << to_string((*y)[0]);
  }
}

TEST(ResizeLikeOnnxRuntime, NearestAtEveryScale) {
  std::vector<Resized> cases;
  for (const char* where : {"half_pixel", "asymmetric", "pytorch_half_pixel"}) {
    for (const char* rounding : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}) {
      for (float scale : {0.6f, 0.7f, 0.8f, 0.9f, 0.3f, 1.1f, 1.2f, 1.4f, 1.5f, 1.7f, 2.2f, 2.6f, 3.3f, 1.0f / 3}) {
        cases.push_back(resized({1, 1, 1, 200}, {1, 1, 1, scale}, {},
                                {{"coordinate_transformation_mode", where}, {"nearest_mode", rounding}}));
      }
    }
  }
  expect_as_onnx_runtime(cases, 0);
}

TEST(ResizeLikeOnnxRuntime, AntialiasedAtTheEdges) {
  std::vector<Resized> cases;
  for (const char* mode : {"linear", "cubic"}) {
    for (int64_t exclude : {0, 1}) {
      for (float scale : {0.6f, 0.5f, 0.8f, 1.5f}) {
        cases.push_back(resized({1, 1, 10, 10}, {1, 1, scale, scale}, {},
                                {{"mode", mode}, {"antialias", int64_t{1}}, {"exclude_outside", exclude}}));
      }
    }
  }
  expect_as_onnx_runtime(cases, 1e-3);
}

TEST(ResizeLikeOnnxRuntime, OneScaleForAllAxes) {
  std::vector<Resized> cases;
  for (const char* mode : {"nearest", "linear"}) {
    for (const char* policy : {"not_larger", "not_smaller"}) {
      for (int64_t size : {3, 5, 9, 12}) {
        cases.push_back(
            resized({1, 1, 4, 7}, {}, {size, 6},
                    {{"mode", mode}, {"keep_aspect_ratio_policy", policy}, {"axes", std::vector<int64_t>{2, 3}}}));
      }
    }
  }
  expect_as_onnx_runtime(cases, 1e-4);
}

}  // namespace
}  // namespace slipway
