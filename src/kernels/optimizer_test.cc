// Optimizer passes against their formulas in double precision.
#include "kernels/optimizer.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

std::vector<float> drawn(size_t n, uint64_t seed, double low, double high) {
  Random random(seed);
  std::vector<float> x(n);
  for (float& v : x) v = static_cast<float>(low + (high - low) * random.uniform());
  return x;
}

TEST(Adam, FollowsTheFormulaOverManySteps) {
  constexpr size_t kCount = 37;
  std::vector<float> p = drawn(kCount, 1, -1, 1), m(kCount, 0), v(kCount, 0);
  std::vector<double> exact_p(p.begin(), p.end()), exact_m(kCount, 0), exact_v(kCount, 0);
  constexpr double kRate = 0.01, kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8, kDecay = 0.1;
  for (int64_t t = 1; t <= 20; ++t) {
    std::vector<float> g = drawn(kCount, 100 + static_cast<uint64_t>(t), -1, 1);
    OptimizerTensors tensors = {{p.data(), g.data(), m.data(), v.data()}, {p.data(), m.data(), v.data()}};
    adam_f32()(tensors, 0, kCount, adam_step(kRate, t, kBeta1, kBeta2, kEpsilon, kDecay));
    for (size_t i = 0; i < kCount; ++i) {
      double gradient = static_cast<double>(g[i]);
      exact_m[i] = kBeta1 * exact_m[i] + (1 - kBeta1) * gradient;
      exact_v[i] = kBeta2 * exact_v[i] + (1 - kBeta2) * gradient * gradient;
      double m_hat = exact_m[i] / (1 - std::pow(kBeta1, t)), v_hat = exact_v[i] / (1 - std::pow(kBeta2, t));
      exact_p[i] = (1 - kRate * kDecay) * exact_p[i] - kRate * m_hat / (std::sqrt(v_hat) + kEpsilon);
      ASSERT_NEAR(p[i], exact_p[i], 2e-6) << "step " << t;
    }
  }
}

TEST(Adam, AParameterWithoutGradientStays) {
  float p = 0.5f, g = 0, m = 0, v = 0;
  adam_f32()({{&p, &g, &m, &v}, {&p, &m, &v}}, 0, 1, adam_step(0.01f, 1, 0.9f, 0.999f, 1e-8f, 0));
  EXPECT_EQ(p, 0.5f);
}

TEST(Adam, CutsDoNotChangeTheResult) {
  std::vector<float> p = drawn(100, 1, -1, 1), g = drawn(100, 2, -1, 1), m = drawn(100, 3, -1, 1),
                     v = drawn(100, 4, 0, 1);
  AdamStep step = adam_step(0.01f, 3, 0.9f, 0.999f, 1e-8f, 0.1f);
  std::vector<float> whole(300), cut(300);
  auto tensors = [&](std::vector<float>& out) {
    return OptimizerTensors{{p.data(), g.data(), m.data(), v.data()}, {out.data(), out.data() + 100, out.data() + 200}};
  };
  adam_f32()(tensors(whole), 0, 100, step);
  adam_f32()(tensors(cut), 0, 41, step);
  adam_f32()(tensors(cut), 41, 100, step);
  EXPECT_EQ(whole, cut);
}

TEST(Sgd, FollowsTheFormula) {
  std::vector<float> g = drawn(19, 2, -1, 1);
  for (bool nesterov : {false, true}) {
    std::vector<float> p = drawn(19, 1, -1, 1), v = drawn(19, 3, -1, 1), before_p = p, before_v = v;
    sgd_f32()({{p.data(), g.data(), v.data()}, {p.data(), v.data()}}, 0, 19, {0.1f, 0.9f, 0.01f, nesterov});
    for (size_t i = 0; i < 19; ++i) {
      double d = static_cast<double>(g[i]) + 0.01 * static_cast<double>(before_p[i]);
      double next = 0.9 * static_cast<double>(before_v[i]) + d;
      double step = nesterov ? d + 0.9 * next : next;
      EXPECT_NEAR(v[i], next, 1e-6);
      EXPECT_NEAR(p[i], static_cast<double>(before_p[i]) - 0.1 * step, 1e-6);
    }
  }
  std::vector<float> p = drawn(19, 1, -1, 1), before = p;
  sgd_f32()({{p.data(), g.data()}, {p.data()}}, 0, 19, {0.1f, 0, 0, false});
  for (size_t i = 0; i < 19; ++i) EXPECT_NEAR(p[i], before[i] - 0.1f * g[i], 1e-7);
}

// State of one parameter of 37 elements and its double-precision shadow.
struct Shadowed {
  std::vector<float> x;
  std::vector<double> exact;

  Shadowed(uint64_t seed, double low, double high) : x(drawn(37, seed, low, high)), exact(x.begin(), x.end()) {}
  float* data() { return x.data(); }
  double& operator[](size_t i) { return exact[i]; }
  void expect_near(const char* what, double tolerance) const {
    for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], exact[i], tolerance) << what << " " << i;
  }
};

TEST(Rmsprop, FollowsTheFormulaOverManySteps) {
  for (double momentum : {0.0, 0.8}) {
    Shadowed p(1, -1, 1), v(2, 0, 1), b(3, 0, 0);
    constexpr double kRate = 0.01, kRho = 0.9, kEpsilon = 1e-7, kDecay = 0.1;
    for (uint64_t t = 1; t <= 20; ++t) {
      std::vector<float> g = drawn(37, 100 + t, -1, 1);
      float* buffer = momentum > 0 ? b.data() : nullptr;
      rmsprop_f32()({{p.data(), g.data(), v.data(), buffer}, {p.data(), v.data(), buffer}}, 0, 37,
                    {kRate, kRho, static_cast<float>(momentum), kEpsilon, 1 - kRate * kDecay});
      for (size_t i = 0; i < 37; ++i) {
        double d = static_cast<double>(g[i]);
        v[i] = kRho * v[i] + (1 - kRho) * d * d;
        b[i] = momentum * b[i] + kRate * d / std::sqrt(v[i] + kEpsilon);
        p[i] = (1 - kRate * kDecay) * p[i] - b[i];
      }
    }
    p.expect_near("p", 1e-5);
    v.expect_near("v", 1e-6);
  }
}

TEST(Adagrad, FollowsTheFormulaOverManySteps) {
  Shadowed p(1, -1, 1), a(2, 0.1, 0.1);
  for (uint64_t t = 1; t <= 20; ++t) {
    std::vector<float> g = drawn(37, 100 + t, -1, 1);
    adagrad_f32()({{p.data(), g.data(), a.data()}, {p.data(), a.data()}}, 0, 37, {0.1f, 1e-7f, 0.99f});
    for (size_t i = 0; i < 37; ++i) {
      double d = static_cast<double>(g[i]);
      a[i] += d * d;
      p[i] = 0.99 * p[i] - 0.1 * d / std::sqrt(a[i] + 1e-7);
    }
  }
  p.expect_near("p", 1e-5);
  a.expect_near("a", 1e-5);
}

TEST(Lion, MovesBySignsAndStaysWhereThereIsNone) {
  Shadowed p(1, -1, 1), m(2, -1, 1);
  for (uint64_t t = 1; t <= 20; ++t) {
    std::vector<float> g = drawn(37, 100 + t, -1, 1);
    lion_f32()({{p.data(), g.data(), m.data()}, {p.data(), m.data()}}, 0, 37, {0.01f, 0.9f, 0.99f, 0.999f});
    for (size_t i = 0; i < 37; ++i) {
      double d = static_cast<double>(g[i]), c = 0.9 * m[i] + 0.1 * d;
      p[i] = 0.999 * p[i] - 0.01 * (c > 0 ? 1 : -1);
      m[i] = 0.99 * m[i] + 0.01 * d;
    }
  }
  p.expect_near("p", 1e-5);
  m.expect_near("m", 1e-6);
  float still = 0.5f, zero = 0;
  lion_f32()({{&still, &zero, &zero}, {&still, &zero}}, 0, 1, {0.01f, 0.9f, 0.99f, 1.0f});
  EXPECT_EQ(still, 0.5f);
}

TEST(Lamb, NormsAndStepFollowTheFormula) {
  Shadowed p(1, -1, 1), m(2, -1, 1), v(3, 0, 1);
  std::vector<float> g = drawn(37, 4, -1, 1);
  LambStep step = {adam_step(1, 3, 0.9f, 0.999f, 1e-6f, 0), 0.1f, 0};
  OptimizerTensors tensors = {{p.data(), g.data(), m.data(), v.data()}, {p.data(), m.data(), v.data()}};
  LambNorms norms = lamb_norms_f32()(tensors, 0, 37, step);
  double norm_p = 0, norm_u = 0;
  std::vector<double> u(37);
  for (size_t i = 0; i < 37; ++i) {
    double d = static_cast<double>(g[i]);
    m[i] = 0.9 * m[i] + 0.1 * d;
    v[i] = 0.999 * v[i] + 0.001 * d * d;
    u[i] = m[i] / (1 - std::pow(0.9, 3)) / (std::sqrt(v[i] / (1 - std::pow(0.999, 3))) + 1e-6) + 0.1 * p[i];
    norm_p += p[i] * p[i];
    norm_u += u[i] * u[i];
  }
  EXPECT_NEAR(norms.p, norm_p, 1e-4 * norm_p);
  EXPECT_NEAR(norms.u, norm_u, 1e-4 * norm_u);
  double scale = 0.01 * std::sqrt(norm_p / norm_u);
  for (size_t i = 0; i < 37; ++i) p[i] -= scale * u[i];
  step.scale = static_cast<float>(scale);
  lamb_f32()(tensors, 0, 37, step);
  p.expect_near("p", 1e-5);
  m.expect_near("m", 1e-6);
}

TEST(Average, IsExponential) {
  float average = 1, x = 3;
  average_f32()({{&average, &x}, {&average}}, 0, 1, {0.75f});
  EXPECT_EQ(average, 1.5f);
}

}  // namespace
}  // namespace slipway::kernels
