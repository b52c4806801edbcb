// Tests and effect sizes.
#include "sketch/significance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace slipway {

namespace {

constexpr double kTiny = 1e-300;
constexpr int kMostTerms = 10000;

// P(a, x) by its power series; converges quickly for x < a + 1.
double gamma_series(double a, double x) {
  double term = 1 / a;
  double sum = term;
  for (int n = 1; n < kMostTerms && term > sum * 1e-16; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * std::exp(-x + a * std::log(x) - std::lgamma(a));
}

// Q(a, x) by its continued fraction (modified Lentz); converges quickly for x > a + 1.
double gamma_fraction(double a, double x) {
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double h = d;
  for (int i = 1; i < kMostTerms; ++i) {
    double an = -i * (i - a);
    b += 2;
    d = an * d + b;
    d = 1 / (std::abs(d) < kTiny ? kTiny : d);
    c = b + an / c;
    c = std::abs(c) < kTiny ? kTiny : c;
    double factor = d * c;
    h *= factor;
    if (std::abs(factor - 1) < 1e-15) break;
  }
  return h * std::exp(-x + a * std::log(x) - std::lgamma(a));
}

double total_of(std::span<const int64_t> counts) {
  return static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
}

double log_ratio_term(double observed, double expected) {
  return observed > 0 ? observed * std::log(observed / expected) : 0;
}

}  // namespace

double normal_survival(double x) { return 0.5 * std::erfc(x / std::sqrt(2.0)); }

double chi_square_survival(double x, double dof) {
  CHECK(dof > 0, "degrees of freedom are positive");
  if (x <= 0) return 1;
  double a = dof / 2;
  double half = x / 2;
  return half < a + 1 ? 1 - gamma_series(a, half) : gamma_fraction(a, half);
}

double ks_survival(double d, double n, double m) {
  if (n <= 0 || m <= 0) return 1;
  double root = std::sqrt(n * m / (n + m));
  double lambda = (root + 0.12 + 0.11 / root) * d;
  if (lambda < 0.2) return 1;
  double sum = 0;
  for (int j = 1; j <= 100; ++j) {
    double term = std::exp(-2.0 * j * j * lambda * lambda);
    sum += j % 2 == 1 ? term : -term;
    if (term < 1e-16 * std::abs(sum)) break;
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

double ks_statistic(std::span<const int64_t> a, std::span<const int64_t> b) {
  CHECK(a.size() == b.size(), "histograms of different edges");
  double n = total_of(a);
  double m = total_of(b);
  if (n == 0 || m == 0) return 0;
  double gap = 0, below_a = 0, below_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    below_a += static_cast<double>(a[i]) / n;
    below_b += static_cast<double>(b[i]) / m;
    gap = std::max(gap, std::abs(below_a - below_b));
  }
  return gap;
}

double stability_index(std::span<const int64_t> expected, std::span<const int64_t> observed) {
  CHECK(expected.size() == observed.size(), "histograms of different edges");
  double half = 0.5 * static_cast<double>(expected.size());
  double n = total_of(expected) + half;
  double m = total_of(observed) + half;
  double index = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    double p = (static_cast<double>(expected[i]) + 0.5) / n;
    double q = (static_cast<double>(observed[i]) + 0.5) / m;
    index += (q - p) * std::log(q / p);
  }
  return index;
}

namespace {

Test likelihood_ratio(std::span<const int64_t> expected, std::span<const int64_t> observed, double n, double m) {
  const double smaller = std::min(n, m) / (n + m);
  std::vector<std::pair<double, double>> bins;
  double a = 0, b = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    a += static_cast<double>(expected[i]);
    b += static_cast<double>(observed[i]);
    if ((a + b) * smaller >= 1) {
      bins.emplace_back(a, b);
      a = b = 0;
    }
  }
  if (!bins.empty()) {
    bins.back().first += a;
    bins.back().second += b;
  }
  if (bins.size() < 2) return {};
  double g = 0;
  for (auto [x, y] : bins) {
    g += log_ratio_term(x, (x + y) * n / (n + m)) + log_ratio_term(y, (x + y) * m / (n + m));
  }
  g = std::max(0.0, 2 * g);
  return {g, chi_square_survival(g, static_cast<double>(bins.size() - 1))};
}

}  // namespace

Test homogeneity(std::span<const int64_t> expected, std::span<const int64_t> observed) {
  CHECK(expected.size() == observed.size(), "histograms of different edges");
  constexpr double kRare = 1e-3;
  const double n = total_of(expected), m = total_of(observed);
  if (n <= 0 || m <= 0) return {};
  Test test = likelihood_ratio(expected, observed, n, m);
  int64_t rare_expected = 0, rare_observed = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (static_cast<double>(expected[i]) >= kRare * n) continue;
    rare_expected += expected[i];
    rare_observed += observed[i];
  }
  if (rare_observed == 0) return test;
  const double rare = binomial_survival(rare_observed, rare_expected + rare_observed, m / (n + m));
  test.p = std::min(1.0, 2 * std::min(test.p, rare));
  return test;
}

double binomial_survival(int64_t k, int64_t n, double p) {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  double sum = 0;
  const double all = static_cast<double>(n);
  for (int64_t i = k; i <= n; ++i) {
    const double x = static_cast<double>(i);
    const double term = std::exp(std::lgamma(all + 1) - std::lgamma(x + 1) - std::lgamma(all - x + 1) +
                                 x * std::log(p) + (all - x) * std::log1p(-p));
    sum += term;
    if (x > all * p && term < 1e-17 * sum) break;
  }
  return std::min(1.0, sum);
}

std::vector<bool> holm(std::span<const double> p, double alpha) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return p[i] < p[j]; });
  std::vector<bool> rejected(p.size(), false);
  for (size_t k = 0; k < order.size(); ++k) {
    if (p[order[k]] > alpha / static_cast<double>(p.size() - k)) break;
    rejected[order[k]] = true;
  }
  return rejected;
}

}  // namespace slipway
