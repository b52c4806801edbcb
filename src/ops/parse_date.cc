// slipway.data ParseDate.
#include <cmath>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/raw_data.h"
#include "text/date.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string}));
  c.set(0, DType::f32, c.dims(0));
  return {};
}

Result<std::vector<Tensor>> eager(const Node&, std::span<const Tensor> inputs) {
  std::span<const std::string> x = inputs[0].data<std::string>();
  Tensor y(DType::f32, inputs[0].shape());
  for (size_t i = 0; i < x.size(); ++i) {
    std::optional<double> days = parse_date(x[i]);
    if (!days && !x[i].empty()) {
      return invalid(fmt::format("row {}: expected a date (2024-05-31, 2024-05-31 12:30), found \"{}\"", i + 1,
                                 ops::excerpt(x[i])));
    }
    y.mutable_data<float>()[i] = days ? static_cast<float>(*days) : std::nanf("");
  }
  return std::vector<Tensor>{y};
}

}  // namespace

OPERATOR(parse_date) = {
    .name = "ParseDate",
    .domain = ops::kData,
    .doc = "Days since 1970-01-01 of dates YYYY-MM-DD, also with a time; NaN for empty text.",
    .infer = infer,
    .eager = eager,
    .rows = Rows::first,
    .batch = ops::batch::elementwise,
    .tflite = ops::kNoRawData,
};

}  // namespace slipway
