// Reading of paired answers.
#include "monitor/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "sketch/answer.h"

namespace slipway {

namespace {

constexpr size_t kMostClasses = 1024;  // counted each by itself

// One version's output as rows that can be compared.
struct Rows {
  Tensor numbers;                   // float32, count a multiple of the rows; undefined for strings
  std::vector<int64_t> categories;  // of outputs that are class names or indices themselves
  size_t width = 0;
  bool classes = false;  // one vector per row, which may name a class
};

Rows rows_of(const Tensor& output, int64_t rows) {
  Rows r;
  const bool names = output.dtype() == DType::string;
  if (rows < 1 || output.count() % rows != 0) return r;
  r.width = static_cast<size_t>(output.count() / rows);
  if (names && r.width == 1) {
    for (const std::string& s : output.data<std::string>()) {
      r.categories.push_back(static_cast<int64_t>(std::hash<std::string>()(s) >> 1));
    }
  } else if (!names && !is_float(output.dtype()) && r.width == 1) {
    r.categories = output.to_ints();
  }
  if (names) return r;
  r.numbers = output.dtype() == DType::f32 ? output : output.cast(DType::f32);
  int64_t long_dims = 0;
  for (int64_t i = 1; i < output.rank(); ++i) long_dims += output.dim(i) > 1;
  r.classes = long_dims <= 1 && output.rank() > 0 && output.dim(0) == rows;
  return r;
}

std::span<const float> row(const Rows& r, size_t i) {
  return r.numbers.defined() ? r.numbers.data<float>().subspan(i * r.width, r.width) : std::span<const float>();
}

RowAnswer answer_of(const Rows& r, size_t i) {
  if (!r.categories.empty()) return {.category = r.categories[i], .confidence = 1};
  RowAnswer a = read_answer(row(r, i));
  if (!r.classes) a.category = -1;
  return a;
}

// Whether a row is a distribution, as it is.
bool is_distribution(std::span<const float> y, const RowAnswer& answer) {
  return answer.confidence == std::min(*std::ranges::max_element(y), 1.0f) && *std::ranges::min_element(y) >= 0;
}

// Whether a row scores each class by itself, as a sigmoid does: how sure it is cannot be told as of a distribution.
bool scores_each(std::span<const float> y, const RowAnswer& answer) {
  if (y.size() < 2 || is_distribution(y, answer)) return false;
  const auto [least, most] = std::ranges::minmax(y);
  return least >= 0 && most <= 1;
}

// Probabilities of a row: itself when it is a distribution, else its softmax; {1 - p, p} of a single one.
std::vector<float> probabilities(std::span<const float> y, const RowAnswer& answer) {
  if (y.size() == 1) return {1 - y[0], y[0]};
  const float best = *std::ranges::max_element(y);
  std::vector<float> p(y.begin(), y.end());
  if (is_distribution(y, answer)) return p;
  float sum = 0;
  for (float& x : p) sum += x = std::exp(x - best);
  for (float& x : p) x /= sum;
  return p;
}

// Sum over classes of (p - [class is the truth])^2: G. W. Brier, 1950.
double brier(std::span<const float> y, const RowAnswer& answer, int64_t truth, std::span<const int64_t> rename) {
  double sum = 0;
  const std::vector<float> p = probabilities(y, answer);
  for (size_t c = 0; c < p.size(); ++c) {
    const int64_t meant = c < rename.size() ? rename[c] : static_cast<int64_t>(c);
    sum += std::pow(p[c] - (meant == truth ? 1 : 0), 2);
  }
  return sum;
}

double squared_error(std::span<const float> y, std::span<const float> truth) {
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += std::pow(static_cast<double>(y[i]) - truth[i], 2);
  return y.empty() ? 0 : sum / static_cast<double>(y.size());
}

int64_t renamed(int64_t category, std::span<const int64_t> rename) {
  const bool known = category >= 0 && category < static_cast<int64_t>(rename.size());
  return known ? rename[static_cast<size_t>(category)] : category;
}

struct Pair {
  Rows before, now;
  std::span<const int64_t> rename;
};

// Whether both answers say in the same way how sure they are.
bool equally_sure(const Pair& p, size_t i, const RowAnswer& a, const RowAnswer& b) {
  return scores_each(row(p.before, i), a) == scores_each(row(p.now, i), b);
}

void add_label(Comparison& c, const Pair& p, size_t i, const RowAnswer& a, const RowAnswer& b, int64_t b_category,
               const Tensor& labels) {
  if (labels.dtype() == DType::i64) {
    const int64_t truth = labels.data<int64_t>()[i];
    const bool before = a.finite && a.category == truth, now = b.finite && b_category == truth;
    ++c.labelled;
    c.right_before += before;
    c.right_now += now;
    c.only_before += before && !now;
    c.only_now += now && !before;
    if (!p.before.categories.empty() || !a.finite || !b.finite || !equally_sure(p, i, a, b)) return;
    const double error = brier(row(p.before, i), a, truth, {});
    c.error_before.add(error);
    c.error_rise.add(brier(row(p.now, i), b, truth, p.rename) - error);
    return;
  }
  const std::span<const float> truth = labels.data<float>().subspan(i * p.before.width, p.before.width);
  if (!a.finite || !b.finite) return;
  ++c.labelled;
  for (float y : truth) c.truth.add(y);
  const double error = squared_error(row(p.before, i), truth);
  c.error_before.add(error);
  c.error_rise.add(squared_error(row(p.now, i), truth) - error);
}

void count_sure(Contradictions& sums, bool contradicted) {
  ++sums.sure;
  sums.contradicted += contradicted;
}

void add_row(Comparison& c, const Pair& p, size_t i, const Tensor& labels) {
  const RowAnswer a = answer_of(p.before, i);
  const RowAnswer b = answer_of(p.now, i);
  const int64_t b_category = renamed(b.category, p.rename);
  ++c.rows;
  c.invalid_before += !a.finite && b.finite;
  c.invalid_now += a.finite && !b.finite;
  if (labels.defined()) add_label(c, p, i, a, b, b_category, labels);
  if (!a.finite || !b.finite) return;
  if (a.category >= 0 && b.category >= 0) {
    ++c.classes_compared;
    const bool other = a.category != b_category;
    c.disagreed += other;
    if (equally_sure(p, i, a, b)) c.confidence_fall.add(static_cast<double>(a.confidence) - b.confidence);
    if (a.confidence < kSure) return;
    count_sure(c.all, other);
    if (c.by_class.size() < kMostClasses || c.by_class.contains(a.category)) count_sure(c.by_class[a.category], other);
  } else if (!row(p.before, i).empty()) {
    for (float y : row(p.before, i)) c.numbers.add(y);
    c.squared.add(squared_error(row(p.now, i), row(p.before, i)));
  }
}

// The request was wrong for this version: it says nothing about how well the version works.
bool refused(const Status& status) { return status.code() == Code::invalid_argument; }

bool fits(const Tensor& labels, const Rows& rows, int64_t count) {
  if (labels.dtype() == DType::i64) return labels.count() == count;
  return labels.dtype() == DType::f32 && labels.count() == count * static_cast<int64_t>(rows.width) &&
         rows.numbers.defined();
}

}  // namespace

void Comparison::add(const Given& before, const Given& now, int64_t count, const Tensor& labels,
                     std::span<const int64_t> rename) {
  ++requests;
  if (refused(before.status) || refused(now.status)) {
    ++not_comparable;
    return;
  }
  failed_before += !before.status.ok() && now.status.ok();
  failed_now += before.status.ok() && !now.status.ok();
  if (!before.status.ok() || !now.status.ok()) return;
  took_before.add(static_cast<double>(before.took_ns) * 1e-9);
  took_now.add(static_cast<double>(now.took_ns) * 1e-9);
  const bool whole = before.output.count() % count != 0;  // not one answer per row
  const int64_t rows = whole ? 1 : count;
  Pair pair{rows_of(before.output, rows), rows_of(now.output, rows), rename};
  const bool alike =
      pair.before.width == pair.now.width && pair.before.categories.empty() == pair.now.categories.empty();
  if (!alike) {
    ++not_comparable;
    return;
  }
  const Tensor& known = labels.defined() && !whole && fits(labels, pair.before, rows) ? labels : Tensor();
  for (size_t i = 0; i < static_cast<size_t>(rows); ++i) add_row(*this, pair, i, known);
}

void Comparison::merge(const Comparison& o) {
  for (int64_t Comparison::*count :
       {&Comparison::requests, &Comparison::not_comparable, &Comparison::failed_before, &Comparison::failed_now,
        &Comparison::rows, &Comparison::invalid_before, &Comparison::invalid_now, &Comparison::classes_compared,
        &Comparison::disagreed, &Comparison::labelled, &Comparison::right_before, &Comparison::right_now,
        &Comparison::only_before, &Comparison::only_now}) {
    this->*count += o.*count;
  }
  for (Moments Comparison::*moments : {&Comparison::confidence_fall, &Comparison::squared, &Comparison::numbers,
                                       &Comparison::error_rise, &Comparison::error_before, &Comparison::truth}) {
    (this->*moments).merge(o.*moments);
  }
  took_before.merge(o.took_before);
  took_now.merge(o.took_now);
  all.sure += o.all.sure;
  all.contradicted += o.all.contradicted;
  for (const auto& [category, sums] : o.by_class) {
    by_class[category].sure += sums.sure;
    by_class[category].contradicted += sums.contradicted;
  }
}

ConfidenceLimits share_limits(double k, double n, double z) {
  if (n <= 0) return {};
  const double share = k / n, z2 = z * z;
  const double middle = share + z2 / (2 * n);
  const double half = z * std::sqrt(share * (1 - share) / n + z2 / (4 * n * n));
  return {(middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)};
}

ConfidenceLimits mean_limits(const Moments& values, double z) {
  if (values.count() < 2) return {-INFINITY, INFINITY};
  const double half = z * values.deviation() / std::sqrt(static_cast<double>(values.count()));
  return {values.mean() - half, values.mean() + half};
}

ConfidenceLimits paired_share_limits(double only_a, double only_b, double n, double z) {
  const double a = (only_a + 1) / (n + 2), b = (only_b + 1) / (n + 2);
  const double half = z * std::sqrt(std::max(0.0, a + b - (a - b) * (a - b)) / (n + 2));
  return {a - b - half, a - b + half};
}

}  // namespace slipway
