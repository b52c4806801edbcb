// Ranges: one run over the samples for extremes, a second for histograms where the method wants them.
#include "optimize/calibrate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "runtime/session.h"

namespace slipway {

namespace {

constexpr size_t kBins = 2048;
constexpr size_t kLevels = 128;  // of int8 on one side of zero

// Divergence of the first `end` bins, outliers added to the last, from their form in kLevels levels: the generalized
// one of Kullback and Leibler, sum p log(p / q) - p + q, in which the outliers are missing from q. (Were q scaled to
// sum to one, as TensorRT does, then clipping nearly all would cost nothing where one bin is left, as with values far
// from 0.)
double divergence(const std::vector<int64_t>& bins, size_t end) {
  std::vector<double> p(bins.begin(), bins.begin() + static_cast<std::ptrdiff_t>(end));
  std::vector<double> inside = p;
  p.back() +=
      static_cast<double>(std::accumulate(bins.begin() + static_cast<std::ptrdiff_t>(end), bins.end(), int64_t{0}));
  std::vector<double> q(end, 0);
  for (size_t level = 0; level < kLevels; ++level) {
    size_t from = level * end / kLevels;
    size_t to = (level + 1) * end / kLevels;
    double sum = 0;
    int64_t filled = 0;
    for (size_t i = from; i < to; ++i) {
      sum += inside[i];
      filled += inside[i] > 0;
    }
    for (size_t i = from; i < to && filled > 0; ++i) q[i] = inside[i] > 0 ? sum / static_cast<double>(filled) : 0;
  }
  double total = std::accumulate(p.begin(), p.end(), 0.0);
  double kept = std::accumulate(q.begin(), q.end(), 0.0);
  if (kept == 0) return INFINITY;
  double sum = kept / total - 1;
  for (size_t i = 0; i < end; ++i) {
    if (p[i] == 0) continue;
    // A filled bin with no share in q costs as if it had a tiny one.
    double share = std::max(q[i] / total, 1e-12);
    sum += p[i] / total * std::log(p[i] / total / share);
  }
  return sum;
}

struct Seen {
  Range range{INFINITY, -INFINITY};
  ValueHistogram histogram;
};

Status see_extremes(const std::string& name, std::span<const float> data, Seen& seen) {
  for (float x : data) {
    if (!std::isfinite(x)) {
      return invalid(fmt::format("value \"{}\" becomes {} on the calibration data; check the data's scale", name, x));
    }
    seen.range.low = std::min(seen.range.low, x);
    seen.range.high = std::max(seen.range.high, x);
  }
  return {};
}

void see_magnitudes(std::span<const float> data, ValueHistogram& histogram) {
  if (histogram.top == 0) return;
  double per_unit = static_cast<double>(histogram.bins.size()) / histogram.top;
  for (float x : data) {
    auto bin = static_cast<size_t>(std::abs(static_cast<double>(x)) * per_unit);
    ++histogram.bins[std::min(bin, histogram.bins.size() - 1)];
  }
}

Range clipped(const Seen& seen, const CalibrationOptions& options) {
  // Zero is in every range, so that padding and ReLU stay exact.
  Range range{std::min(seen.range.low, 0.f), std::max(seen.range.high, 0.f)};
  if (options.method == CalibrationOptions::Method::min_max || seen.histogram.top == 0) return range;
  double at = options.method == CalibrationOptions::Method::entropy
                  ? entropy_threshold(seen.histogram)
                  : percentile_threshold(seen.histogram, options.percentile);
  auto threshold = static_cast<float>(at);
  return {std::max(range.low, -threshold), std::min(range.high, threshold)};
}

}  // namespace

Result<CalibrationOptions::Method> calibration_method(std::string_view name) {
  if (name == "minmax") return CalibrationOptions::Method::min_max;
  if (name == "entropy") return CalibrationOptions::Method::entropy;
  if (name == "percentile") return CalibrationOptions::Method::percentile;
  return invalid(fmt::format("calibration method \"{}\"; expected minmax, entropy or percentile", name));
}

double entropy_threshold(const ValueHistogram& histogram) {
  CHECK(histogram.bins.size() >= kLevels, "too few bins for 8 bits");
  std::vector<int64_t> bins = histogram.bins;
  bins[0] = bins[1];
  size_t best = bins.size();
  double least = INFINITY;
  for (size_t end = kLevels; end <= bins.size(); ++end) {
    double d = divergence(bins, end);
    if (d >= least) continue;
    least = d;
    best = end;
  }
  return histogram.top * static_cast<double>(best) / static_cast<double>(bins.size());
}

double percentile_threshold(const ValueHistogram& histogram, double percentile) {
  double total = static_cast<double>(std::accumulate(histogram.bins.begin(), histogram.bins.end(), int64_t{0}));
  double wanted = total * percentile / 100;
  double sum = 0;
  for (size_t i = 0; i < histogram.bins.size(); ++i) {
    sum += static_cast<double>(histogram.bins[i]);
    if (sum >= wanted) return histogram.top * static_cast<double>(i + 1) / static_cast<double>(histogram.bins.size());
  }
  return histogram.top;
}

Result<std::map<std::string, Range>> calibrate(const Graph& graph, std::span<const ValueId> values,
                                               std::span<const std::vector<Tensor>> samples,
                                               const CalibrationOptions& options) {
  if (samples.empty()) return invalid("calibration needs at least one batch of inputs");
  Graph watched = graph;
  watched.outputs.assign(values.begin(), values.end());
  std::unique_ptr<Session> session = TRY(Session::create(std::move(watched)));
  std::vector<Seen> seen(values.size());
  for (const std::vector<Tensor>& inputs : samples) {
    std::vector<Tensor> outputs = TRY(session->run(inputs));
    for (size_t v = 0; v < values.size(); ++v) {
      RETURN_IF_ERROR(see_extremes(graph.value(values[v]).name, outputs[v].data<float>(), seen[v]));
    }
  }
  if (options.method != CalibrationOptions::Method::min_max) {
    for (Seen& s : seen) {
      s.histogram.top = std::max(std::abs(s.range.low), std::abs(s.range.high));
      s.histogram.bins.assign(kBins, 0);
    }
    for (const std::vector<Tensor>& inputs : samples) {
      std::vector<Tensor> outputs = TRY(session->run(inputs));
      for (size_t v = 0; v < values.size(); ++v) see_magnitudes(outputs[v].data<float>(), seen[v].histogram);
    }
  }
  std::map<std::string, Range> ranges;
  for (size_t v = 0; v < values.size(); ++v) ranges.emplace(graph.value(values[v]).name, clipped(seen[v], options));
  return ranges;
}

}  // namespace slipway
