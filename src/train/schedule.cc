// Schedules: one function and one row each.
#include "train/schedule.h"

#include <algorithm>
#include <numbers>

namespace slipway::train {

namespace {

constexpr double kForever = 1e15;
using F = Field<Schedule>;
constexpr F kWarmup = {"warmup_steps", &Schedule::warmup_steps, 0, kForever};
constexpr F kEnd = {"end", &Schedule::end, 0, 1e6};
constexpr F kDecaySteps = {"decay_steps", &Schedule::decay_steps, 0, kForever};
constexpr F kDecayRate = {"decay_rate", &Schedule::decay_rate, 0, 1};

// Steps of the decay: its own, or what is left of the run.
double span_of(const Schedule& s, double rest) { return s.decay_steps > 0 ? static_cast<double>(s.decay_steps) : rest; }

double half_cosine(double t) { return 0.5 * (1 + std::cos(std::numbers::pi * t)); }

double constant(const Schedule&, double, double) { return 1; }

// decay_rate ^ floor(step / decay_steps)
double step_decay(const Schedule& s, double step, double rest) {
  return std::pow(s.decay_rate, std::floor(step / span_of(s, rest)));
}

// decay_rate ^ (step / decay_steps)
double exponential(const Schedule& s, double step, double rest) {
  return std::pow(s.decay_rate, step / span_of(s, rest));
}

// (1 - end) (1 - t) ^ power + end
double polynomial(const Schedule& s, double step, double rest) {
  double left = 1 - std::min(1.0, step / span_of(s, rest));
  return s.end + (1 - s.end) * std::pow(left, s.power);
}
double linear(const Schedule& s, double step, double rest) {
  return s.end + (1 - s.end) * (1 - std::min(1.0, step / span_of(s, rest)));
}

// I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017: cycle i of
// decay_steps t_mul^i steps falls from m_mul^i to end.
double cosine(const Schedule& s, double step, double rest) {
  double length = span_of(s, rest), height = 1;
  while (s.restarts && step >= length) {
    step -= length;
    length *= s.t_mul;
    height *= s.m_mul;
  }
  return s.end + (height - s.end) * half_cosine(std::min(1.0, step / length));
}

// L. N. Smith, N. Topin, "Super-Convergence", 2018, with cosine arms: 1 / div_factor up to 1, then down to
// 1 / (div_factor final_div_factor).
double one_cycle(const Schedule& s, double step, double rest) {
  double first = 1 / s.div_factor, last = first / s.final_div_factor;
  double last_step = std::max(rest - 1, 1.0), top = s.start_fraction * last_step;
  if (step < top) return 1 + (first - 1) * half_cosine(step / top);
  return last + (1 - last) * half_cosine(std::min(1.0, (step - top) / std::max(last_step - top, 1.0)));
}

double piecewise(const Schedule& s, double step, double) {
  size_t i = 0;
  while (i < s.boundaries.size() && step > static_cast<double>(s.boundaries[i])) ++i;
  return s.values[i];
}

struct Row {
  const char* name;
  double (*factor)(const Schedule&, double step, double rest);  // after the warm-up
  bool uses_total;                                              // even when decay_steps is set
  F fields[6];
};

constexpr Row kSchedules[] = {
    {"constant", constant, false, {kWarmup}},
    {"step", step_decay, false, {kWarmup, kDecaySteps, kDecayRate}},
    {"exponential", exponential, false, {kWarmup, kDecaySteps, kDecayRate}},
    {"linear", linear, false, {kWarmup, kDecaySteps, kEnd}},
    {"polynomial", polynomial, false, {kWarmup, kDecaySteps, kEnd, {"power", &Schedule::power, 0, 1e3}}},
    {"cosine",
     cosine,
     false,
     {kWarmup,
      kDecaySteps,
      kEnd,
      {"restarts", &Schedule::restarts},
      {"t_mul", &Schedule::t_mul, 1, 1e6},
      {"m_mul", &Schedule::m_mul, 0, 1e6}}},
    {"one_cycle",
     one_cycle,
     true,
     {kWarmup,
      {"start_fraction", &Schedule::start_fraction, 0, 1},
      {"div_factor", &Schedule::div_factor, 1, 1e12},
      {"final_div_factor", &Schedule::final_div_factor, 1, 1e12}}},
    {"piecewise",
     piecewise,
     false,
     {kWarmup, {"boundaries", &Schedule::boundaries, 0, kForever}, {"values", &Schedule::values, 0, 1e6}}},
};

Result<const Row*> row_of(std::string_view type) {
  return find_row("schedule", std::span<const Row>(kSchedules), type);
}

std::span<const F> fields_of(const Row& row) { return named(row.fields); }

bool depends_on_total(const Row& row, const Schedule& schedule) {
  bool decays =
      std::ranges::any_of(fields_of(row), [](const F& f) { return f.name == std::string_view("decay_steps"); });
  return row.uses_total || (decays && schedule.decay_steps == 0);
}

}  // namespace

Result<std::span<const Field<Schedule>>> schedule_fields(std::string_view type) {
  return fields_of(*TRY(row_of(type)));
}

Status check(const Schedule& schedule) {
  const Row* row = TRY(row_of(schedule.type));
  RETURN_IF_ERROR(check_fields("schedule", schedule, fields_of(*row)));
  if (row->factor != piecewise) return {};
  if (schedule.values.size() != schedule.boundaries.size() + 1) {
    return invalid(fmt::format("schedule: {} boundaries and {} values; expected one value more than boundaries",
                               schedule.boundaries.size(), schedule.values.size()));
  }
  if (std::ranges::is_sorted(schedule.boundaries)) return {};
  return invalid("schedule: boundaries must rise");
}

double schedule_factor(const Schedule& schedule, int64_t step, int64_t total) {
  if (step < schedule.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps + 1);
  }
  double rest = static_cast<double>(std::max<int64_t>(total - schedule.warmup_steps, 1));
  Result<const Row*> row = row_of(schedule.type);
  CHECK(row.ok(), "a schedule that was not checked");
  return (*row)->factor(schedule, static_cast<double>(step - schedule.warmup_steps), rest);
}

std::string fingerprint(const Schedule& schedule, int64_t total) {
  Result<const Row*> row = row_of(schedule.type);
  CHECK(row.ok(), "a schedule that was not checked");
  std::string text = (*row)->name + to_text(schedule, fields_of(**row));
  if (depends_on_total(**row, schedule)) text += fmt::format(" over {}", total);
  return text;
}

}  // namespace slipway::train
