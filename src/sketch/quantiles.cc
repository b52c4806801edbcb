// DDSketch with dense bins.
#include "sketch/quantiles.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slipway {

namespace {
constexpr double kZero = 1e-12;
}

Quantiles::Quantiles(double accuracy, int max_bins)
    : accuracy_(accuracy), log_gamma_(std::log((1 + accuracy) / (1 - accuracy))), max_bins_(max_bins) {
  CHECK(accuracy > 0 && accuracy < 1 && max_bins > 0, "accuracy lies in (0, 1)");
}

int Quantiles::bin_of(double magnitude) const { return static_cast<int>(std::ceil(std::log(magnitude) / log_gamma_)); }

double Quantiles::value_of(int bin) const { return 2 * std::exp(bin * log_gamma_) / (std::exp(log_gamma_) + 1); }

void Quantiles::Bins::add(int bin, int64_t count, int max_bins) {
  total += count;
  if (counts.empty()) {
    first = bin;
    counts.push_back(count);
    return;
  }
  int last = first + static_cast<int>(counts.size()) - 1;
  if (bin > last) {
    counts.resize(counts.size() + static_cast<size_t>(bin - last), 0);
  } else if (bin < first) {
    bin = std::max(bin, last - max_bins + 1);
    if (bin < first) {
      counts.insert(counts.begin(), static_cast<size_t>(first - bin), 0);
      first = bin;
    }
  }
  counts[static_cast<size_t>(bin - first)] += count;
  if (counts.size() <= static_cast<size_t>(max_bins)) return;
  size_t extra = counts.size() - static_cast<size_t>(max_bins);
  for (size_t i = 0; i < extra; ++i) counts[extra] += counts[i];
  counts.erase(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(extra));
  first += static_cast<int>(extra);
}

void Quantiles::add(double x, int64_t count) {
  count_ += count;
  sum_ += x * static_cast<double>(count);
  if (x >= kZero) {
    positive_.add(bin_of(x), count, max_bins_);
  } else if (x <= -kZero) {
    negative_.add(bin_of(-x), count, max_bins_);
  } else {
    zero_ += count;
  }
}

void Quantiles::merge(const Quantiles& other) {
  CHECK(accuracy_ == other.accuracy_, "sketches of different accuracy");
  count_ += other.count_;
  sum_ += other.sum_;
  zero_ += other.zero_;
  for (auto [to, from] : {std::pair{&positive_, &other.positive_}, std::pair{&negative_, &other.negative_}}) {
    for (size_t i = from->counts.size(); i > 0; --i) {
      if (from->counts[i - 1] > 0) to->add(from->first + static_cast<int>(i - 1), from->counts[i - 1], max_bins_);
    }
  }
}

double Quantiles::quantile(double q) const {
  if (count_ == 0) return 0;
  int64_t rank = static_cast<int64_t>(q * static_cast<double>(count_ - 1));
  if (rank < negative_.total) {
    int64_t before = negative_.total;
    for (size_t i = 0; i < negative_.counts.size(); ++i) {
      before -= negative_.counts[i];
      if (rank >= before) return -value_of(negative_.first + static_cast<int>(i));
    }
  }
  rank -= negative_.total;
  if (rank < zero_) return 0;
  rank -= zero_;
  for (size_t i = 0; i < positive_.counts.size(); ++i) {
    if (rank < positive_.counts[i]) return value_of(positive_.first + static_cast<int>(i));
    rank -= positive_.counts[i];
  }
  return 0;
}

Json Quantiles::bins_to_json(const Bins& bins) {
  Json counts = Json::array();
  for (int64_t n : bins.counts) counts.push(n);
  return Json::object({{"first", bins.first}, {"counts", std::move(counts)}});
}

Status Quantiles::bins_from_json(const Json& json, int max_bins, Bins& bins) {
  bins.first = static_cast<int>(json["first"].as_int());
  const Json::Array& counts = json["counts"].items();
  if (counts.size() > static_cast<size_t>(max_bins)) {
    return invalid(fmt::format("quantiles: expected at most {} bins, found {}", max_bins, counts.size()));
  }
  for (const Json& n : counts) {
    if (!n.is_integer() || n.as_int() < 0) return invalid("quantiles: a count is no natural number: " + n.dump());
    bins.counts.push_back(n.as_int());
    bins.total += n.as_int();
  }
  return {};
}

Json Quantiles::to_json() const {
  return Json::object({{"accuracy", accuracy_},
                       {"max_bins", max_bins_},
                       {"sum", sum_},
                       {"zero", zero_},
                       {"positive", bins_to_json(positive_)},
                       {"negative", bins_to_json(negative_)}});
}

Result<Quantiles> Quantiles::from_json(const Json& json) {
  double accuracy = json["accuracy"].as_double();
  int64_t max_bins = json["max_bins"].as_int();
  if (!(accuracy > 0 && accuracy < 1) || max_bins < 1 || max_bins > (1 << 20)) {
    return invalid("quantiles: expected an accuracy in (0, 1) and max_bins in [1, 1048576], found " + json.dump());
  }
  Quantiles sketch(accuracy, static_cast<int>(max_bins));
  sketch.sum_ = json["sum"].as_double();
  sketch.zero_ = json["zero"].as_int();
  RETURN_IF_ERROR(bins_from_json(json["positive"], sketch.max_bins_, sketch.positive_));
  RETURN_IF_ERROR(bins_from_json(json["negative"], sketch.max_bins_, sketch.negative_));
  sketch.count_ = sketch.zero_ + sketch.positive_.total + sketch.negative_.total;
  return sketch;
}

}  // namespace slipway
