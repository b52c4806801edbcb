// The SIMD functions against libm in double precision, special values, tails, broadcast walks.
#include "kernels/elementwise.h"

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/broadcast.h"

namespace slipway::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Case {
  const char* name;
  Unary op;
  std::function<double(double)> exact;
  double low, high;
  double relative = 1e-6;
  double absolute = 0;
  Params params = {};
};

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"exp", Unary::exp, [](double x) { return std::exp(x); }, -87, 88},
      {"log", Unary::log, [](double x) { return std::log(x); }, 1e-30, 1e30, 1e-6, 1e-7},
      {"log near 1", Unary::log, [](double x) { return std::log(x); }, 0.5, 2, 1e-6, 1e-7},
      {"sigmoid", Unary::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -80, 80},
      {"tanh", Unary::tanh, [](double x) { return std::tanh(x); }, -20, 20},
      {"tanh small", Unary::tanh, [](double x) { return std::tanh(x); }, -1e-3, 1e-3},
      {"erf", Unary::erf, [](double x) { return std::erf(x); }, -6, 6},
      {"erf small", Unary::erf, [](double x) { return std::erf(x); }, -1e-3, 1e-3},
      {"gelu", Unary::gelu, gelu, -5, 5, 1e-6, 4e-7},
      {"gelu_tanh", Unary::gelu_tanh,
       [](double x) { return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))); }, -5, 5, 1e-6,
       4e-7},
      {"softplus", Unary::softplus, softplus, -80, 80},
      {"mish", Unary::mish, [](double x) { return x * std::tanh(softplus(x)); }, -50, 50},
      {"elu", Unary::elu, [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); }, -50, 50, 1e-6, 0, {1.5f, 0}},
      {"celu",
       Unary::celu,
       [](double x) { return x > 0 ? x : 1.5 * std::expm1(x / 1.5); },
       -50,
       50,
       1e-6,
       0,
       {1.5f, 0}},
      {"sin", Unary::sin, [](double x) { return std::sin(x); }, -100, 100, 1e-6, 1e-7},
      {"cos", Unary::cos, [](double x) { return std::cos(x); }, -100, 100, 1e-6, 1e-7},
      {"sin far", Unary::sin, [](double x) { return std::sin(x); }, 38000, 1e6, 1e-6, 1e-6},
      {"sqrt power", Unary::square_root_power, [](double x) { return std::pow(x, 0.5); }, 0, 1e6},
      {"sqrt", Unary::sqrt, [](double x) { return std::sqrt(x); }, 0, 1e6},
      {"reciprocal", Unary::reciprocal, [](double x) { return 1 / x; }, 0.1, 1e6},
      {"softsign", Unary::softsign, [](double x) { return x / (1 + std::fabs(x)); }, -50, 50},
      {"round", Unary::round, [](double x) { return std::nearbyint(x); }, -50, 50},
      {"hard_swish", Unary::hard_swish, [](double x) { return x * std::fmax(0, std::fmin(1, x / 6 + 0.5)); }, -5, 5,
       1e-6, 1e-7},
  };
  return all;
}

TEST(Elementwise, AgreesWithLibm) {
  constexpr int64_t kCount = 20011;
  for (const Case& c : cases()) {
    std::vector<float> x(kCount), y(kCount);
    for (int64_t i = 0; i < kCount; ++i) x[i] = static_cast<float>(c.low + (c.high - c.low) * i / (kCount - 1));
    unary_f32(c.op)(x.data(), y.data(), kCount, c.params);
    for (int64_t i = 0; i < kCount; ++i) {
      double exact = c.exact(static_cast<double>(x[i]));
      ASSERT_NEAR(y[i], exact, c.absolute + c.relative * std::fabs(exact)) << c.name << " of " << x[i];
    }
  }
}

TEST(Elementwise, SpecialValues) {
  struct Row {
    Unary op;
    float x, y;
  };
  const Row rows[] = {
      {Unary::exp, kInf, kInf},
      {Unary::exp, -kInf, 0},
      {Unary::exp, 1000, kInf},
      {Unary::exp, -1000, 0},
      {Unary::log, 0, -kInf},
      {Unary::log, kInf, kInf},
      {Unary::log, -1, kNan},
      {Unary::log, 1, 0},
      {Unary::sigmoid, -kInf, 0},
      {Unary::sigmoid, kInf, 1},
      {Unary::sigmoid, -200, 0},
      {Unary::tanh, kInf, 1},
      {Unary::tanh, -kInf, -1},
      {Unary::tanh, 0, 0},
      {Unary::erf, kInf, 1},
      {Unary::erf, -kInf, -1},
      {Unary::softplus, kInf, kInf},
      {Unary::softplus, -kInf, 0},
      {Unary::relu, -kInf, 0},
      {Unary::relu, kInf, kInf},
      {Unary::sign, 0, 0},
      {Unary::sign, -3, -1},
      {Unary::sqrt, -1, kNan},
      {Unary::sin, kInf, kNan},
      {Unary::square_root_power, -kInf, kInf},
      {Unary::square_root_power, kInf, kInf},
      {Unary::square_root_power, -1, kNan},
      {Unary::square_root_power, 4, 2},
      {Unary::elu, -kInf, 0},
      {Unary::round, 2.5f, 2},
      {Unary::round, -1.5f, -2},
      {Unary::abs, -kInf, kInf},
  };
  for (const Row& row : rows) {
    float y = 0;
    unary_f32(row.op)(&row.x, &y, 1, {});
    if (std::isnan(row.y)) {
      EXPECT_TRUE(std::isnan(y)) << static_cast<int>(row.op) << " of " << row.x << " is " << y;
    } else {
      EXPECT_EQ(y, row.y) << static_cast<int>(row.op) << " of " << row.x;
    }
  }
}

TEST(Elementwise, ThePowerOfAHalfHasNoNegativeZero) {
  const float x = -0.f;
  float y = -1;
  unary_f32(Unary::square_root_power)(&x, &y, 1, {});
  EXPECT_EQ(y, 0);
  EXPECT_FALSE(std::signbit(y));
}

TEST(Elementwise, NanStaysNan) {
  for (int op = 0; op <= static_cast<int>(Unary::thresholded_relu); ++op) {
    if (static_cast<Unary>(op) == Unary::thresholded_relu) continue;  // x > alpha is false
    std::vector<float> x(19, kNan), y(19, 0);
    unary_f32(static_cast<Unary>(op))(x.data(), y.data(), 19, {1, 1});
    for (float value : y) EXPECT_TRUE(std::isnan(value)) << "function " << op;
  }
  for (Binary op : {Binary::add, Binary::min, Binary::max}) {
    float one = 1, y = 0;
    binary_f32(op)(&kNan, 1, &one, 1, &y, 1);
    EXPECT_TRUE(std::isnan(y));
    binary_f32(op)(&one, 1, &kNan, 1, &y, 1);
    EXPECT_TRUE(std::isnan(y));
  }
}

// Every length up to a few vectors, with a guard element behind.
TEST(Elementwise, TailsWriteNothingBeyond) {
  for (int64_t n = 0; n < 70; ++n) {
    std::vector<float> a(n + 1, 3), b(n + 1, 4), y(n + 1, -7);
    binary_f32(Binary::sub)(a.data(), 1, b.data(), 1, y.data(), n);
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(y[i], -1);
    EXPECT_EQ(y[n], -7);
    binary_f32(Binary::sub)(a.data(), 0, b.data(), 1, y.data(), n);
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(y[i], -1);
    binary_f32(Binary::sub)(a.data(), 0, b.data(), 0, y.data(), n);
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(y[i], -1);
    unary_f32(Unary::neg)(a.data(), y.data(), n, {});
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(y[i], -3);
    EXPECT_EQ(y[n], -7);
  }
}

TEST(Broadcast, MergesDimensions) {
  struct Row {
    Shape a, b, out;
    int64_t rows, row_size, a_step, b_step;
  };
  const Row rows[] = {
      {{2, 3, 4}, {2, 3, 4}, {2, 3, 4}, 1, 24, 1, 1},
      {{2, 3, 4}, {}, {2, 3, 4}, 1, 24, 1, 0},
      {{2, 3, 4}, {4}, {2, 3, 4}, 6, 4, 1, 1},
      {{2, 3, 4, 5}, {3, 1, 1}, {2, 3, 4, 5}, 6, 20, 1, 0},
      {{2, 1, 3}, {4, 1}, {2, 4, 3}, 8, 3, 1, 0},
      {{1}, {1, 1}, {1, 1}, 1, 1, 0, 0},
      {{0, 3}, {3}, {0, 3}, 0, 1, 0, 0},
  };
  for (const Row& row : rows) {
    std::vector<Shape> operands = {row.a, row.b};
    Result<BroadcastPlan> plan = plan_broadcast(operands, row.out);
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(plan->rows, row.rows) << to_string(row.a) << to_string(row.b);
    EXPECT_EQ(plan->row_size, row.row_size) << to_string(row.a) << to_string(row.b);
    EXPECT_EQ(plan->steps, (std::vector<int64_t>{row.a_step, row.b_step})) << to_string(row.a) << to_string(row.b);
  }
}

// Walks cut anywhere visit the same operand elements as indices computed one by one.
TEST(Broadcast, WalkVisitsEveryElementWhateverTheCut) {
  Shape a = {2, 1, 3, 1}, b = {5, 1, 4}, out = {2, 5, 3, 4};
  std::vector<Shape> operands = {a, b};
  BroadcastPlan plan = plan_broadcast(operands, out).value();
  for (int64_t cut = 0; cut <= plan.count(); ++cut) {
    std::vector<std::array<int64_t, 2>> seen(plan.count(), {-1, -1});
    auto visit = [&](int64_t at, int64_t n, const std::array<int64_t, 2>& from) {
      for (int64_t i = 0; i < n; ++i) seen[at + i] = {from[0] + i * plan.steps[0], from[1] + i * plan.steps[1]};
    };
    walk_rows<2>(plan, 0, cut, visit);
    walk_rows<2>(plan, cut, plan.count(), visit);
    for (int64_t i = 0; i < plan.count(); ++i) {
      int64_t x3 = i % 4, x2 = i / 4 % 3, x1 = i / 12 % 5, x0 = i / 60;
      ASSERT_EQ(seen[i], (std::array<int64_t, 2>{x0 * 3 + x2, x1 * 4 + x3})) << i << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace slipway::kernels
