// Sums over a confusion matrix.
#include "train/confusion.h"

#include <algorithm>
#include <numeric>

namespace slipway::train {

namespace {

double precision(const Confusion& m, size_t c) { return ratio(m.at(c, c), m.column_sum(c)); }
double recall(const Confusion& m, size_t c) { return ratio(m.at(c, c), m.row_sum(c)); }
double f1(const Confusion& m, size_t c) { return ratio(2 * m.at(c, c), m.row_sum(c) + m.column_sum(c)); }

Json over_classes(const Confusion& m, double (*of)(const Confusion&, size_t)) {
  if (m.classes < 2) return 0.0;
  if (m.classes == 2) return of(m, 1);
  double sum = 0;
  for (size_t c = 0; c < m.classes; ++c) sum += of(m, c);
  return sum / static_cast<double>(m.classes);
}

}  // namespace

void Confusion::grow(size_t to) {
  std::vector<int64_t> grown(to * to);
  for (size_t i = 0; i < counts.size(); ++i) grown[i / classes * to + i % classes] = counts[i];
  classes = to;
  counts = std::move(grown);
}

void Confusion::count(size_t truth, size_t guess, size_t of) {
  const size_t need = std::max({guess + 1, truth + 1, of, size_t{2}});
  if (need > classes) grow(need);
  ++counts[truth * classes + guess];
}

double Confusion::hits() const {
  double sum = 0;
  for (size_t c = 0; c < classes; ++c) sum += at(c, c);
  return sum;
}

double Confusion::row_sum(size_t truth) const {
  double sum = 0;
  for (size_t guess = 0; guess < classes; ++guess) sum += at(truth, guess);
  return sum;
}

double Confusion::column_sum(size_t guess) const {
  double sum = 0;
  for (size_t truth = 0; truth < classes; ++truth) sum += at(truth, guess);
  return sum;
}

Json accuracy_of(const Confusion& m) {
  return ratio(m.hits(), static_cast<double>(std::accumulate(m.counts.begin(), m.counts.end(), int64_t{0})));
}
Json precision_of(const Confusion& m) { return over_classes(m, precision); }
Json recall_of(const Confusion& m) { return over_classes(m, recall); }
Json f1_of(const Confusion& m) { return over_classes(m, f1); }
Json table_of(const Confusion& m) {
  Json rows = Json::array();
  for (size_t truth = 0; truth < m.classes; ++truth) {
    Json row = Json::array();
    for (size_t guess = 0; guess < m.classes; ++guess) row.push(m.counts[truth * m.classes + guess]);
    rows.push(row);
  }
  return rows;
}

}  // namespace slipway::train
