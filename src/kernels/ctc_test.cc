// CTC against the sum over all alignments, written out, and against PyTorch's numbers.
#include "kernels/ctc.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace slipway::kernels {
namespace {

struct Answer {
  double loss;
  std::vector<double> gradient;
};

Answer answer(const CtcShape& shape, const std::vector<double>& logits, const std::vector<int64_t>& labels) {
  std::vector<double> gradient(logits.size());
  std::vector<double> scratch(ctc_scratch_bytes(shape) / sizeof(double) + 1);
  double loss = ctc(shape, logits.data(), labels.data(), scratch.data(), gradient.data());
  return {loss, gradient};
}

// What a path says: repeats merged, blanks dropped.
std::vector<int64_t> spoken(const std::vector<int64_t>& path) {
  std::vector<int64_t> labels;
  for (size_t t = 0; t < path.size(); ++t) {
    if (path[t] != 0 && (t == 0 || path[t] != path[t - 1])) labels.push_back(path[t]);
  }
  return labels;
}

// -log of the sum over every path of T steps.
double by_enumeration(const CtcShape& shape, const std::vector<double>& logits, std::vector<int64_t> labels) {
  std::erase(labels, 0);
  int64_t paths = 1;
  for (int64_t t = 0; t < shape.steps; ++t) paths *= shape.classes;
  double total = 0;
  for (int64_t number = 0; number < paths; ++number) {
    std::vector<int64_t> path;
    double p = 1;
    for (int64_t t = 0, rest = number; t < shape.steps; ++t, rest /= shape.classes) {
      path.push_back(rest % shape.classes);
      double sum = 0;
      for (int64_t c = 0; c < shape.classes; ++c) sum += std::exp(logits[static_cast<size_t>(t * shape.classes + c)]);
      p *= std::exp(logits[static_cast<size_t>(t * shape.classes + path.back())]) / sum;
    }
    if (spoken(path) == labels) total += p;
  }
  return -std::log(total);
}

TEST(Ctc, IsTheSumOverAllAlignments) {
  const CtcShape shape{5, 3, 3};
  Random random(1);
  for (const std::vector<int64_t>& labels :
       std::vector<std::vector<int64_t>>{{1, 2, 1}, {1, 1, 0}, {2, 2, 2}, {1, 0, 0}, {0, 0, 0}, {2, 1, 2}}) {
    std::vector<double> logits(15);
    for (double& x : logits) x = 2 * random.normal();
    Answer found = answer(shape, logits, labels);
    EXPECT_NEAR(found.loss, by_enumeration(shape, logits, labels), 1e-9);
    constexpr double kStep = 1e-5;
    for (size_t i = 0; i < logits.size(); ++i) {
      std::vector<double> up = logits, down = logits;
      up[i] += kStep;
      down[i] -= kStep;
      EXPECT_NEAR(found.gradient[i], (answer(shape, up, labels).loss - answer(shape, down, labels).loss) / (2 * kStep),
                  1e-7);
    }
  }
}

// torch.nn.functional.ctc_loss 1.13 in double on log_softmax of 2 sin(0.37 i), i = 0 …
TEST(Ctc, AgreesWithPyTorch) {
  std::vector<double> logits(20), second(20);
  for (size_t i = 0; i < 20; ++i) {
    logits[i] = 2 * std::sin(0.37 * static_cast<double>(i));
    second[i] = 2 * std::sin(0.37 * static_cast<double>(20 + i));
  }
  Answer first = answer({5, 4, 3}, logits, {1, 2, 2});
  EXPECT_NEAR(first.loss, 5.5558, 5e-5);
  const double expected[] = {0.0312, -0.7941, 0.2983, 0.4646};
  for (size_t c = 0; c < 4; ++c) EXPECT_NEAR(first.gradient[c], expected[c], 5e-5);
  EXPECT_NEAR(answer({5, 4, 3}, second, {3, 0, 0}).loss, 3.8620, 5e-5);
}

TEST(Ctc, WhatDoesNotFitIsInfiniteAndMovesNothing) {
  Answer found = answer({3, 3, 3}, std::vector<double>(9, 0.5), {1, 1, 1});
  EXPECT_TRUE(std::isinf(found.loss));
  for (double g : found.gradient) EXPECT_EQ(g, 0);
}

TEST(Ctc, ALabelThatIsNoClassGivesNaN) {
  EXPECT_TRUE(std::isnan(answer({3, 3, 1}, std::vector<double>(9, 0.5), {3}).loss));
  EXPECT_TRUE(std::isnan(answer({3, 3, 1}, std::vector<double>(9, 0.5), {-1}).loss));
}

}  // namespace
}  // namespace slipway::kernels
