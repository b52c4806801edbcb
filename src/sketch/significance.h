// Significance: how surprising a difference between two summaries is, and how large.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace slipway {

// P(X > x) for X normal with mean 0 and deviation 1.
double normal_survival(double x);

// P(X > x) for X chi-square with `dof` > 0 degrees of freedom: the regularized upper incomplete gamma Q(dof/2, x/2)
// by series or continued fraction (Numerical Recipes 6.2).
double chi_square_survival(double x, double dof);

// P(D > d) for the two-sample Kolmogorov-Smirnov statistic, n and m values, by the asymptotic series with Stephens'
// correction (Numerical Recipes 14.3). Conservative for binned or discrete data.
double ks_survival(double d, double n, double m);

// The largest gap between the cumulative distributions of two histograms with the same edges.
double ks_statistic(std::span<const int64_t> a, std::span<const int64_t> b);

// Population stability index, sum over bins of (q - p) ln(q / p), p expected, q observed shares, half a count added to
// every bin. Customary reading: < 0.1 stable, > 0.25 shifted (N. Siddiqi, "Credit Risk Scorecards", 2006).
double stability_index(std::span<const int64_t> expected, std::span<const int64_t> observed);

struct Test {
  double statistic = 0;
  double p = 1;
};

// Test that two histograms come from one distribution: the likelihood-ratio test G = 2 sum o ln(o / e), chi-square with
// (bins - 1) degrees of freedom (Sokal & Rohlf, "Biometry"), neighbouring bins joined until each expects at least one
// count on both sides (Cochran's rule). What lies in bins with less than a thousandth of the expected counts, which
// joining hides, is judged apart by the binomial tail of its share; p is twice the smaller of the two (Bonferroni).
Test homogeneity(std::span<const int64_t> expected, std::span<const int64_t> observed);

// P(X >= k) for X binomial with n trials of probability p.
double binomial_survival(int64_t k, int64_t n, double p);

// Which hypotheses Holm's step-down procedure rejects with the chance of even one false rejection at most `alpha`
// (S. Holm, "A simple sequentially rejective multiple test procedure", 1979). As many flags as p values.
std::vector<bool> holm(std::span<const double> p, double alpha);

}  // namespace slipway
