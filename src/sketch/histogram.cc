// Histogram and its edges.
#include "sketch/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace slipway {

namespace {

// How far beyond the sample's ends an edge stands, as a share of its largest magnitude (or of 1).
constexpr float kHalfMargin = 1e-3f;

}  // namespace

Histogram::Histogram(std::vector<float> edges) : edges_(std::move(edges)), counts_(edges_.size() + 1, 0) {
  CHECK(std::adjacent_find(edges_.begin(), edges_.end(), std::greater_equal<>()) == edges_.end(), "edges must ascend");
}

Histogram::Histogram(std::vector<float> edges, std::vector<int64_t> counts) : Histogram(std::move(edges)) {
  CHECK(counts.size() == counts_.size(), "one count more than edges");
  counts_ = std::move(counts);
}

void Histogram::add(float x, int64_t count) {
  auto bin = std::upper_bound(edges_.begin(), edges_.end(), x) - edges_.begin();
  counts_[static_cast<size_t>(bin)] += count;
}

void Histogram::merge(const Histogram& other) {
  CHECK(edges_ == other.edges_, "histograms of different edges");
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

int64_t Histogram::total() const { return std::accumulate(counts_.begin(), counts_.end(), int64_t{0}); }

double shortest(float x) {
  if (!std::isfinite(x)) return x;
  return std::stod(fmt::format("{}", x));
}

Json Histogram::to_json() const {
  Json edges = Json::array();
  for (float e : edges_) edges.push(shortest(e));
  return Json::object({{"edges", std::move(edges)}, {"counts", Json::array_of(counts_)}});
}

Result<Histogram> Histogram::from_json(const Json& json) {
  std::vector<float> edges;
  for (const Json& e : json["edges"].items()) {
    if (!e.is_number()) return invalid("histogram: an edge is no number: " + e.dump());
    if (!edges.empty() && static_cast<float>(e.as_double()) <= edges.back()) {
      return invalid("histogram: expected ascending edges, found " + json["edges"].dump());
    }
    edges.push_back(static_cast<float>(e.as_double()));
  }
  std::vector<int64_t> counts;
  for (const Json& n : json["counts"].items()) {
    if (!n.is_integer() || n.as_int() < 0) return invalid("histogram: a count is no natural number: " + n.dump());
    counts.push_back(n.as_int());
  }
  if (counts.size() != edges.size() + 1) {
    return invalid(fmt::format("histogram: expected {} counts for {} edges, found {}", edges.size() + 1, edges.size(),
                               counts.size()));
  }
  return Histogram(std::move(edges), std::move(counts));
}

namespace {

// The values that a column of categories takes, ascending: at most `most`, each in a thousandth of the sample or more,
// all but a hundredth of the sample among them, and each seen twenty times on average, so that they are no
// measurements. None for other columns.
std::vector<float> categories_of(const std::vector<float>& sorted, size_t most) {
  std::vector<float> values;
  size_t rare = 0;
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    if ((end - i) * 1000 < sorted.size()) {
      rare += end - i;
    } else {
      values.push_back(sorted[i]);
    }
    if (values.size() > most || rare * 100 > sorted.size()) return {};
    i = end;
  }
  return values.size() < 2 || values.size() * 20 > sorted.size() ? std::vector<float>() : values;
}

// Between all neighbours, and half the smallest distance beyond both ends.
std::vector<float> category_edges(const std::vector<float>& values) {
  float gap = values[1] - values[0];
  for (size_t i = 1; i < values.size(); ++i) gap = std::min(gap, values[i] - values[i - 1]);
  std::vector<float> edges{values.front() - gap / 2};
  for (size_t i = 1; i < values.size(); ++i) edges.push_back(values[i - 1] + (values[i] - values[i - 1]) / 2);
  edges.push_back(values.back() + gap / 2);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

}  // namespace

std::vector<float> quantile_edges(std::vector<float> sample, int bins) {
  constexpr size_t kFew = 12, kSome = 64;
  CHECK(bins >= 2, "a histogram has at least two bins");
  std::vector<float> edges;
  if (sample.empty()) return edges;
  std::sort(sample.begin(), sample.end());
  const std::vector<float> categories = categories_of(sample, kSome);
  const std::vector<float> ends = categories.empty() ? std::vector<float>() : category_edges(categories);
  if (!categories.empty() && categories.size() <= kFew) return ends;
  const float margin = 2 * kHalfMargin * std::max(1.0f, std::abs(sample.back()));
  // Halfway to the nearest smaller (larger) value of the sample.
  auto below = [&](float cut) {
    auto at = std::lower_bound(sample.begin(), sample.end(), cut);
    return at == sample.begin() ? cut - margin / 2 : *(at - 1) + (cut - *(at - 1)) / 2;
  };
  auto above = [&](float cut) {
    auto at = std::upper_bound(sample.begin(), sample.end(), cut);
    return at == sample.end() ? cut + margin / 2 : cut + (*at - cut) / 2;
  };
  auto add = [&](float edge) {
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  };
  if (!ends.empty()) add(ends.front());
  std::vector<float> cuts;
  for (int i = 1; i < bins; ++i)
    cuts.push_back(sample[static_cast<size_t>(i) * sample.size() / static_cast<size_t>(bins)]);
  const bool constant = sample.front() == sample.back();
  for (size_t i = 0; i < cuts.size();) {
    size_t end = i;
    while (end < cuts.size() && cuts[end] == cuts[i]) ++end;
    add(below(cuts[i]));
    if (end - i > 1 || constant) add(above(cuts[i]));
    i = end;
  }
  if (!ends.empty()) add(ends.back());
  return edges;
}

}  // namespace slipway
