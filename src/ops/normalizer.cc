// ai.onnx.ml Normalizer.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

enum class Norm : uint8_t { max, l1, l2 };

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::row_dim(c).status());
  c.set(0, DType::f32, c.dims(0));
  return {};
}

template <typename T>
float norm_of(Norm norm, const T* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    double v = static_cast<double>(x[i]);
    if (norm == Norm::max) sum = i == 0 ? v : std::max(sum, v);
    if (norm != Norm::max) sum += norm == Norm::l1 ? std::fabs(v) : v * v;
  }
  return static_cast<float>(norm == Norm::l2 ? std::sqrt(sum) : sum);
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::string name = c.node().text("norm");
  if (name != "MAX" && name != "L1" && name != "L2") {
    return invalid(fmt::format("norm is \"{}\"; expected MAX, L1 or L2", name));
  }
  Norm norm = name == "MAX" ? Norm::max : name == "L1" ? Norm::l1 : Norm::l2;
  ops::FeatureRows x = TRY(ops::feature_rows(c.in(0)));
  return ops::for_types(ops::MlTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return Kernel{[=](const KernelArgs& a) {
      for (int64_t row = 0; row < x.rows; ++row) {
        const T* from = a.input<T>(0) + row * x.features;
        float size = norm_of(norm, from, x.features);
        for (int64_t i = 0; i < x.features; ++i) {
          auto value = static_cast<float>(from[i]);
          a.output<float>(0)[row * x.features + i] = size == 0 ? value : value / size;
        }
      }
    }};
  });
}

std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (const char* norm : {"MAX", "L1", "L2"}) {
    all.push_back({.inputs = {ops::random_input({3, 4})}, .attributes = {{"norm", std::string(norm)}}});
  }
  return all;
}

}  // namespace

OPERATOR(normalizer) = {
    .name = "Normalizer",
    .domain = ops::kMl,
    .doc = "x / norm(x) by row, the norm being the largest element (MAX), L1 or L2; a row of norm 0 stays.",
    .attributes = {{{"norm", "MAX"}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
