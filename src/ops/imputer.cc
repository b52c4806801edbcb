// ai.onnx.ml Imputer.
#include <cmath>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/ml.h"
#include "ops/samples.h"

namespace slipway {
namespace {

template <typename T>
Result<Kernel> typed(const PrepareContext& c, const std::vector<T>& values, T replaced) {
  int64_t n = c.in(0).count(), features = c.in(0).shape.empty() ? 1 : c.in(0).shape.back();
  auto found = static_cast<int64_t>(values.size());
  if (found != 1 && found != features) {
    return invalid(fmt::format("{} imputed values; expected 1, or {} for the features", found, features));
  }
  return Kernel{[=](const KernelArgs& a) {
    for (int64_t i = 0; i < n; ++i) {
      T x = a.input<T>(0)[i];
      bool missing = x == replaced;
      if constexpr (std::is_floating_point_v<T>) missing = missing || (std::isnan(replaced) && std::isnan(x));
      a.output<T>(0)[i] = missing ? values[found == 1 ? 0 : static_cast<size_t>(i % features)] : x;
    }
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  std::vector<float> floats = n.floats("imputed_value_floats");
  float replaced = n.real("replaced_value_float");
  if (c.in(0).dtype == DType::f32) return typed<float>(c, floats, replaced);
  if (c.in(0).dtype == DType::f64) {
    return typed<double>(c, {floats.begin(), floats.end()}, static_cast<double>(replaced));
  }
  if (c.in(0).dtype == DType::i64) {
    return typed<int64_t>(c, n.ints("imputed_value_int64s"), n.integer("replaced_value_int64"));
  }
  return unsupported(fmt::format("Imputer has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::given(Tensor::of<float>({2, 2}, {1, std::nanf(""), 3, 4}))},
           .attributes = {{"imputed_value_floats", std::vector<float>{7, 8}}, {"replaced_value_float", std::nanf("")}}},
          {.inputs = {ops::given(Tensor::of<int64_t>({3}, {1, 0, 3}))},
           .attributes = {{"imputed_value_int64s", std::vector<int64_t>{9}}}}};
}

}  // namespace

OPERATOR(imputer) = {
    .name = "Imputer",
    .domain = ops::kMl,
    .doc = "x, with the value of its feature (or the one value) where x is the replaced value.",
    .attributes = {{{"imputed_value_floats", kOptionalFloats},
                    {"imputed_value_int64s", kOptionalInts},
                    {"replaced_value_float", 0.0f},
                    {"replaced_value_int64", 0}}},
    .infer = ops::infer_same,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
