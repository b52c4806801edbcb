// Sums over outputs, run by run.
#include "optimize/likeness.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runtime/session.h"

namespace slipway {

namespace {

// Answers that vary less than so much of their size do not tell rows apart.
constexpr double kLeastVariation = 1e-6;

// Of one output over all runs.
struct Sums {
  double aa = 0, bb = 0, ab = 0, error = 0;
  int64_t places = 0, same = 0;
  bool broken = false;  // NaN or infinity on one side only
  // Of each element of a row.
  int64_t rows = 0;
  bool one_width = true;
  std::vector<double> sum, squares;

  void add_elements(std::span<const double> a, std::span<const double> b);
  void add_rows(std::span<const double> a, int64_t count);
  void add_places(std::span<const double> a, std::span<const double> b, size_t width);
  double variation() const;
};

void Sums::add_elements(std::span<const double> a, std::span<const double> b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      broken = broken || std::isfinite(a[i]) != std::isfinite(b[i]);
      continue;
    }
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
    error += (a[i] - b[i]) * (a[i] - b[i]);
  }
}

void Sums::add_rows(std::span<const double> a, int64_t count) {
  const size_t width = count > 0 ? a.size() / static_cast<size_t>(count) : 0;
  if (sum.empty()) {
    sum.assign(width, 0);
    squares.assign(width, 0);
  }
  one_width = one_width && width == sum.size() && std::ranges::all_of(a, [](double x) { return std::isfinite(x); });
  if (!one_width) return;
  rows += count;
  for (size_t i = 0; i < a.size(); ++i) {
    sum[i % width] += a[i];
    squares[i % width] += a[i] * a[i];
  }
}

void Sums::add_places(std::span<const double> a, std::span<const double> b, size_t width) {
  for (size_t begin = 0; begin + width <= a.size(); begin += width) {
    const auto largest = [&](std::span<const double> x) {
      return width == 1 ? static_cast<std::ptrdiff_t>(x[begin])
                        : std::max_element(x.begin() + static_cast<std::ptrdiff_t>(begin),
                                           x.begin() + static_cast<std::ptrdiff_t>(begin + width)) -
                              x.begin();
    };
    ++places;
    same += largest(a) == largest(b);
  }
}

// sum (a - mean)²
double Sums::variation() const {
  double total = 0;
  for (size_t i = 0; i < sum.size(); ++i) {
    total += std::max(0.0, squares[i] - sum[i] * sum[i] / static_cast<double>(rows));
  }
  return total;
}

void keep_worst(std::optional<double>& worst, double x) { worst = worst ? std::min(*worst, x) : x; }

void add(const Sums& sums, Likeness& worst) {
  if (sums.places > 0) keep_worst(worst.agreement, static_cast<double>(sums.same) / static_cast<double>(sums.places));
  const double size = std::sqrt(sums.aa * sums.bb);
  const double cosine = size > 0 ? sums.ab / size : sums.aa == sums.bb ? 1 : 0;
  if (sums.broken) worst.cosine = NAN;
  if (!std::isnan(worst.cosine)) worst.cosine = std::min(worst.cosine, cosine);
  if (sums.error > 0) worst.snr_db = std::min(worst.snr_db, 10 * std::log10(sums.aa / sums.error));
  const double variation = sums.variation();
  if (sums.one_width && sums.rows >= 2 && variation > kLeastVariation * sums.aa) {
    keep_worst(worst.explained, 1 - sums.error / variation);
  }
}

bool has_numbers(DType dtype) { return is_tensor(dtype) && dtype != DType::string; }

// How many elements are one decision: classes along the last dimension, or one whole number.
size_t place_width(const Tensor& answer) {
  if (is_integer(answer.dtype())) return 1;
  const bool rows = answer.rank() == 2 || answer.rank() == 3;
  const bool classes = is_float(answer.dtype()) && rows && answer.shape().back() >= 2;
  return classes ? static_cast<size_t>(answer.shape().back()) : 0;
}

}  // namespace

Json to_json(const Likeness& likeness) {
  const auto number = [](const std::optional<double>& x) { return x && std::isfinite(*x) ? Json(*x) : Json(); };
  return Json::object({{"cosine", number(likeness.cosine)},
                       {"snr_db", number(likeness.snr_db)},
                       {"explained", number(likeness.explained)},
                       {"agreement", number(likeness.agreement)}});
}

Result<AnswerJudge> AnswerJudge::create(const Graph& original, Runs runs) {
  AnswerJudge judge;
  std::unique_ptr<Session> session = TRY(Session::create(original));
  for (const std::vector<Tensor>& inputs : runs) judge.answers_.push_back(TRY(session->run(inputs)));
  judge.runs_ = std::move(runs);
  return judge;
}

Result<Likeness> AnswerJudge::judge(const Graph& changed) const {
  std::unique_ptr<Session> session = TRY(Session::create(changed));
  std::vector<Sums> sums;
  for (size_t run = 0; run < runs_.size(); ++run) {
    const std::vector<Tensor> outputs = TRY(session->run(runs_[run]));
    const std::vector<Tensor>& expected = answers_[run];
    sums.resize(expected.size());
    for (size_t o = 0; o < expected.size(); ++o) {
      if (!has_numbers(expected[o].dtype())) continue;
      if (outputs[o].type() != expected[o].type()) {
        return invalid(fmt::format("output \"{}\" became {}; it was {}", session->outputs()[o].name,
                                   to_string(outputs[o].type()), to_string(expected[o].type())));
      }
      const std::vector<double> a = expected[o].to_doubles(), b = outputs[o].to_doubles();
      if (const size_t width = place_width(expected[o])) sums[o].add_places(a, b, width);
      if (!is_float(expected[o].dtype())) continue;
      sums[o].add_elements(a, b);
      sums[o].add_rows(a, expected[o].rank() > 0 ? expected[o].dim(0) : 1);
    }
  }
  Likeness worst;
  for (const Sums& each : sums) add(each, worst);
  return worst;
}

}  // namespace slipway
