// ServerMetrics: counters, gauges and histograms in Prometheus' text format, cheap enough for every request.
//
// A counter or histogram is spread over shards, one cache line each; a thread adds to its own with relaxed atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace slipway {

namespace metrics_detail {
inline constexpr size_t kShards = 8;
// The calling thread's shard, given out in turn.
size_t shard();
}  // namespace metrics_detail

// Thread-safe, wait-free.
class Counter {
 public:
  void add(uint64_t n = 1) { cells_[metrics_detail::shard()].value.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const;

 private:
  struct alignas(64) Cell {
    std::atomic<uint64_t> value{0};
  };
  std::array<Cell, metrics_detail::kShards> cells_;
};

// Thread-safe, wait-free.
class Gauge {
 public:
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Counts of values in buckets bounded by powers of two times `unit`. Thread-safe, wait-free.
class MetricHistogram {
 public:
  static constexpr size_t kBuckets = 22;  // the last one has no bound

  // The first bound is `first` (in the values' own integer unit); `scale` turns that unit into the exported one.
  MetricHistogram(uint64_t first, double scale) : first_(first), scale_(scale) {}
  void observe(uint64_t value);
  uint64_t count() const;

  // Lines of name_bucket, name_sum and name_count; `labels` without braces.
  void append(std::string& out, const std::string& name, const std::string& labels) const;

 private:
  struct alignas(64) Cell {
    std::array<std::atomic<uint64_t>, kBuckets> buckets{};
    std::atomic<uint64_t> sum{0};
  };
  uint64_t first_;
  double scale_;
  std::array<Cell, metrics_detail::kShards> cells_;
};

// (name, value) pairs in the order they are printed.
using Labels = std::vector<std::pair<std::string, std::string>>;

// The metrics of a server. Thread-safe; looking a metric up takes a lock, so hot paths keep the pointer.
class ServerMetrics {
 public:
  // The metric of these labels, made at first use. `help` is of the whole family. Alive as long as somebody holds it;
  // its series is printed until then, so that those of unloaded versions vanish.
  // Requires: one kind per name; counters end in _total (promtool's rule).
  std::shared_ptr<Counter> counter(const std::string& name, const std::string& help, const Labels& labels = {});
  std::shared_ptr<Gauge> gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // Seconds, from observed nanoseconds; bounds 16 µs · 2^i up to 17 s.
  std::shared_ptr<MetricHistogram> seconds(const std::string& name, const std::string& help, const Labels& labels = {});
  // Plain sizes; bounds 1 · 2^i.
  std::shared_ptr<MetricHistogram> sizes(const std::string& name, const std::string& help, const Labels& labels = {});

  // Text that other rooms add to /metrics: whole families in the same format.
  void add_source(std::function<void(std::string&)> append);

  // Everything in Prometheus' text format 0.0.4, with process_* metrics.
  std::string text() const;

 private:
  struct Series {
    std::string labels;
    std::weak_ptr<Counter> counter;
    std::weak_ptr<Gauge> gauge;
    std::weak_ptr<MetricHistogram> histogram;
    bool expired() const { return counter.expired() && gauge.expired() && histogram.expired(); }
  };
  struct Family {
    const char* type;
    std::string help;
    std::list<Series> series;
  };
  Series& series(const char* type, const std::string& name, const std::string& help, const Labels& labels);
  std::shared_ptr<MetricHistogram> histogram(const std::string& name, const std::string& help, const Labels& labels,
                                             uint64_t first, double scale);

  mutable std::mutex mutex_;
  std::map<std::string, Family> families_;
  std::vector<std::function<void(std::string&)>> sources_;
};

// One family of one value, for sources: # HELP, # TYPE and the value.
void append_metric(std::string& out, const std::string& name, const char* type, const std::string& help, double value);

}  // namespace slipway
