// Schedules as data: what the learning rate is multiplied with, step by step.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace slipway {

// A rise over `warmup_steps`, then the schedule's own course over the steps that are left. Steps are updates of the
// weights; a count of 0 steps means: as many as the whole run has.
struct Schedule {
  std::string type = "constant";
  double end = 0;            // linear, polynomial, cosine: the last factor
  int64_t warmup_steps = 0;  // every type: linear rise from 0
  int64_t decay_steps = 0;   // step, exponential, linear, polynomial, cosine; of the first cycle with restarts
  double decay_rate = 0.5;   // step, exponential: the factor per decay_steps
  double power = 1;          // polynomial
  bool restarts = false;     // cosine: again and again, each cycle t_mul times as long and m_mul times as high
  double t_mul = 2;
  double m_mul = 1;
  double start_fraction = 0.3;    // one_cycle: share of the steps that rise
  double div_factor = 25;         // one_cycle: the first factor is 1 / div_factor
  double final_div_factor = 1e4;  // one_cycle: the last one is that over final_div_factor
  std::vector<int64_t> boundaries =
      {};  // piecewise: values[i] up to and with step boundaries[i], the last value behind
  std::vector<double> values = {};
};

inline Schedule StepDecay(int64_t decay_steps, double decay_rate = 0.5) {
  return {.type = "step", .decay_steps = decay_steps, .decay_rate = decay_rate};
}
inline Schedule ExponentialDecay(int64_t decay_steps, double decay_rate) {
  return {.type = "exponential", .decay_steps = decay_steps, .decay_rate = decay_rate};
}
inline Schedule PolynomialDecay(double end = 0, double power = 1) {
  return {.type = "polynomial", .end = end, .power = power};
}
inline Schedule CosineDecay(double end = 0, int64_t warmup_steps = 0) {
  return {.type = "cosine", .end = end, .warmup_steps = warmup_steps};
}
inline Schedule CosineDecayRestarts(int64_t first_decay_steps, double t_mul = 2, double m_mul = 1, double end = 0) {
  return {
      .type = "cosine", .end = end, .decay_steps = first_decay_steps, .restarts = true, .t_mul = t_mul, .m_mul = m_mul};
}
inline Schedule OneCycle(double start_fraction = 0.3) {
  return {.type = "one_cycle", .start_fraction = start_fraction};
}
inline Schedule PiecewiseConstantDecay(std::vector<int64_t> boundaries, std::vector<double> values) {
  return {.type = "piecewise", .boundaries = std::move(boundaries), .values = std::move(values)};
}

}  // namespace slipway
