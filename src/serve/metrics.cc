// Metrics: registration and Prometheus' text format (exposition_formats.md).
#include "serve/metrics.h"

#include <bit>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

namespace slipway {

namespace metrics_detail {
size_t shard() {
  static std::atomic<size_t> next{0};
  thread_local const size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kShards;
  return mine;
}
}  // namespace metrics_detail

uint64_t Counter::value() const {
  uint64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

void MetricHistogram::observe(uint64_t value) {
  uint64_t units = value == 0 ? 0 : (value - 1) / first_;  // a value equal to a bound belongs below it
  auto bucket = std::min<size_t>(static_cast<size_t>(std::bit_width(units)), kBuckets - 1);
  Cell& cell = cells_[metrics_detail::shard()];
  cell.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  cell.sum.fetch_add(value, std::memory_order_relaxed);
}

uint64_t MetricHistogram::count() const {
  uint64_t count = 0;
  for (const Cell& cell : cells_) {
    for (const auto& bucket : cell.buckets) count += bucket.load(std::memory_order_relaxed);
  }
  return count;
}

void MetricHistogram::append(std::string& out, const std::string& name, const std::string& labels) const {
  std::array<uint64_t, kBuckets> totals{};
  uint64_t sum = 0;
  for (const Cell& cell : cells_) {
    for (size_t i = 0; i < kBuckets; ++i) totals[i] += cell.buckets[i].load(std::memory_order_relaxed);
    sum += cell.sum.load(std::memory_order_relaxed);
  }
  uint64_t below = 0;
  std::string_view comma = labels.empty() ? "" : ",";
  for (size_t i = 0; i < kBuckets; ++i) {
    below += totals[i];
    std::string bound =
        i + 1 == kBuckets ? "+Inf"
                          : fmt::format("{:g}", std::ldexp(static_cast<double>(first_) * scale_, static_cast<int>(i)));
    out += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bound, below);
  }
  std::string braces = labels.empty() ? "" : "{" + labels + "}";
  out += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, braces, static_cast<double>(sum) * scale_, below);
}

namespace {

std::string label_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name + "=\"";
    for (char c : value) {
      if (c == '\\' || c == '"') out += '\\';
      c == '\n' ? out += "\\n" : out += c;
    }
    out += '"';
  }
  return out;
}

void append_header(std::string& out, const std::string& name, const char* type, const std::string& help) {
  out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

// What every Prometheus client library says of its process.
void append_process(std::string& out) {
  long pages = 0;
  long resident = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  append_metric(out, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
                static_cast<double>(resident) * page);
  append_metric(out, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
                static_cast<double>(pages) * page);
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  append_metric(out, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
                static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9);
}

}  // namespace

void append_metric(std::string& out, const std::string& name, const char* type, const std::string& help, double value) {
  append_header(out, name, type, help);
  out += fmt::format("{} {}\n", name, value);
}

ServerMetrics::Series& ServerMetrics::series(const char* type, const std::string& name, const std::string& help,
                                             const Labels& labels) {
  Family& family = families_.try_emplace(name, Family{type, help, {}}).first->second;
  CHECK(std::string_view(family.type) == type, "one metric name with two kinds");
  family.series.remove_if([](const Series& s) { return s.expired(); });
  std::string text = label_text(labels);
  for (Series& s : family.series) {
    if (s.labels == text) return s;
  }
  return family.series.emplace_back(Series{text, {}, {}, {}});
}

std::shared_ptr<Counter> ServerMetrics::counter(const std::string& name, const std::string& help,
                                                const Labels& labels) {
  std::lock_guard lock(mutex_);
  Series& s = series("counter", name, help, labels);
  std::shared_ptr<Counter> metric = s.counter.lock();
  if (!metric) s.counter = metric = std::make_shared<Counter>();
  return metric;
}

std::shared_ptr<Gauge> ServerMetrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  Series& s = series("gauge", name, help, labels);
  std::shared_ptr<Gauge> metric = s.gauge.lock();
  if (!metric) s.gauge = metric = std::make_shared<Gauge>();
  return metric;
}

std::shared_ptr<MetricHistogram> ServerMetrics::histogram(const std::string& name, const std::string& help,
                                                          const Labels& labels, uint64_t first, double scale) {
  std::lock_guard lock(mutex_);
  Series& s = series("histogram", name, help, labels);
  std::shared_ptr<MetricHistogram> metric = s.histogram.lock();
  if (!metric) s.histogram = metric = std::make_shared<MetricHistogram>(first, scale);
  return metric;
}

std::shared_ptr<MetricHistogram> ServerMetrics::seconds(const std::string& name, const std::string& help,
                                                        const Labels& labels) {
  return histogram(name, help, labels, 16000, 1e-9);
}

std::shared_ptr<MetricHistogram> ServerMetrics::sizes(const std::string& name, const std::string& help,
                                                      const Labels& labels) {
  return histogram(name, help, labels, 1, 1);
}

void ServerMetrics::add_source(std::function<void(std::string&)> append) {
  std::lock_guard lock(mutex_);
  sources_.push_back(std::move(append));
}

std::string ServerMetrics::text() const {
  std::string out;
  std::vector<std::function<void(std::string&)>> sources;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      std::string lines;
      for (const Series& s : family.series) {
        std::string braces = s.labels.empty() ? "" : "{" + s.labels + "}";
        if (auto metric = s.counter.lock()) lines += fmt::format("{}{} {}\n", name, braces, metric->value());
        if (auto metric = s.gauge.lock()) lines += fmt::format("{}{} {}\n", name, braces, metric->value());
        if (auto metric = s.histogram.lock()) metric->append(lines, name, s.labels);
      }
      if (lines.empty()) continue;
      append_header(out, name, family.type, family.help);
      out += lines;
    }
    sources = sources_;
  }
  append_process(out);
  for (const auto& append : sources) append(out);
  return out;
}

}  // namespace slipway
