// Every function of one number, and those of two that have special cases, at NaN, infinities, zeros of both signs,
// denormals and the largest numbers: what libm says in double, in every floating-point type and length of vector.
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/run_card.h"

namespace slipway::ops {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Width {
  DType dtype;
  double relative, least, largest, smallest;  // least: below this, results may be flushed
};
constexpr Width kWidths[] = {{DType::f32, 2e-5, 1e-37, 3.4028234e38, 1e-45},
                             {DType::f64, 1e-9, 1e-300, 1.7976931348623157e308, 5e-324},
                             {DType::f16, 2e-3, 1e-7, 65504, 6e-8},
                             {DType::bf16, 2e-2, 1e-37, 3.3895314e38, 1e-40}};

std::vector<double> odd_values(const Width& w) {
  std::vector<double> values = {kNaN};
  for (double x : {0.0, w.smallest, 1e-5, 0.5, 1.0, 2.0, 2.5, 20.0, 90.0, 200.0, w.largest / 4, w.largest, kInf}) {
    values.insert(values.end(), {x, -x});
  }
  return values;
}

Tensor of_type(const std::vector<double>& values, DType dtype) {
  return Tensor::of<double>({static_cast<int64_t>(values.size())}, values).cast(dtype);
}

// Whether `found` is `expected` as far as the type holds it.
bool agrees(double found, double expected, const Width& w) {
  const double rounded = of_type({expected}, w.dtype).to_doubles()[0];
  if (std::isnan(rounded) || std::isnan(found)) return std::isnan(rounded) && std::isnan(found);
  if (std::isinf(rounded) || std::isinf(found)) return rounded == found;
  return std::abs(found - rounded) <= w.least + w.relative * std::abs(rounded);
}

struct Function {
  const char* op;
  double (*exact)(double);
  Attributes attributes = {};
};

double softplus(double x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); }
double clipped(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

const std::vector<Function>& functions() {
  static const std::vector<Function> all = {
      {"Abs", std::fabs},
      {"Neg", [](double x) { return -x; }},
      {"Ceil", std::ceil},
      {"Floor", std::floor},
      {"Round", std::nearbyint},
      {"Sign", [](double x) { return x > 0   ? 1
                                     : x < 0 ? -1
                                             : x; }},
      {"Sqrt", std::sqrt},
      {"Reciprocal", [](double x) { return 1 / x; }},
      {"Exp", std::exp},
      {"Log", std::log},
      {"Erf", std::erf},
      {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"Tanh", std::tanh},
      {"Softplus", [](double x) { return std::isinf(x) ? std::fmax(x, 0) : softplus(x); }},
      {"Softsign", [](double x) { return x / (1 + std::fabs(x)); }},
      {"Elu", [](double x) { return x > 0 ? x : std::expm1(x); }},
      {"Celu", [](double x) { return x > 0 ? x : std::expm1(x); }},
      {"Selu",
       [](double x) { return 1.0507f * (x > 0 ? x : 1.6732f * std::expm1(x)); },
       {{"alpha", 1.6732f}, {"gamma", 1.0507f}}},
      {"LeakyRelu", [](double x) { return x < 0 ? 0.25 * x : x; }, {{"alpha", 0.25f}}},
      {"Relu", [](double x) { return x < 0 ? 0 : x; }},
      {"HardSigmoid", [](double x) { return clipped(0.25 * x + 0.5); }, {{"alpha", 0.25f}}},
      {"HardSwish", [](double x) { return x * clipped(x / 6 + 0.5); }},
      {"ThresholdedRelu", [](double x) { return x > 1 ? x : 0; }},
      {"Mish", [](double x) { return x * std::tanh(std::isinf(x) ? std::fmax(x, 0) : softplus(x)); }},
      {"Gelu", [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }},
      {"Sin", std::sin},
      {"Cos", std::cos},
      {"Tan", std::tan},
      {"Asin", std::asin},
      {"Acos", std::acos},
      {"Atan", std::atan},
      {"Sinh", std::sinh},
      {"Cosh", std::cosh},
      {"Asinh", std::asinh},
      {"Acosh", std::acosh},
      {"Atanh", std::atanh},
  };
  return all;
}

TEST(SpecialValues, OfFunctionsOfOneNumber) {
  for (const Function& f : functions()) {
    for (const Width& w : kWidths) {
      const Tensor x = of_type(odd_values(w), w.dtype);
      Result<std::vector<Tensor>> y = run_card(f.op, {x}, f.attributes);
      if (y.status().code() == Code::unimplemented) continue;
      ASSERT_TRUE(y.ok()) << f.op << ": " << y.status().message();
      const std::vector<double> given = x.to_doubles(), found = (*y)[0].to_doubles();
      for (size_t i = 0; i < given.size(); ++i) {
        const double expected = f.exact(given[i]);
        EXPECT_TRUE(agrees(found[i], expected, w))
            << fmt::format("{} of {} {} is {}; expected {}", f.op, dtype_name(w.dtype), given[i], found[i], expected);
      }
    }
  }
}

struct Function2 {
  const char* op;
  double (*exact)(double, double);
};

constexpr Function2 kFunctions2[] = {
    {"Pow", [](double a, double b) { return std::pow(a, b); }},
    {"Div", [](double a, double b) { return a / b; }},
    {"Mul", [](double a, double b) { return a * b; }},
    {"Max", [](double a, double b) { return std::isnan(a) || std::isnan(b) ? kNaN : std::fmax(a, b); }},
    {"Min", [](double a, double b) { return std::isnan(a) || std::isnan(b) ? kNaN : std::fmin(a, b); }},
    {"PRelu", [](double a, double b) { return a < 0 ? a * b : a; }},
};

// The second operand is one number, constant (where it may be taken for another operation) and computed.
TEST(SpecialValues, OfFunctionsOfTwoNumbers) {
  for (const Function2& f : kFunctions2) {
    for (const Width& w : kWidths) {
      const Tensor a = of_type(odd_values(w), w.dtype);
      for (double second : {kNaN, -kInf, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, kInf}) {
        Result<std::vector<Tensor>> y = run_card(f.op, {a, of_type({second}, w.dtype)});
        if (y.status().code() == Code::unimplemented) continue;
        ASSERT_TRUE(y.ok()) << f.op << ": " << y.status().message();
        const std::vector<double> given = a.to_doubles(), found = (*y)[0].to_doubles();
        for (size_t i = 0; i < given.size(); ++i) {
          const double expected = f.exact(given[i], second);
          EXPECT_TRUE(agrees(found[i], expected, w)) << fmt::format(
              "{} of {} {} and {} is {}; expected {}", f.op, dtype_name(w.dtype), given[i], second, found[i], expected);
        }
      }
    }
  }
}

}  // namespace
}  // namespace slipway::ops
