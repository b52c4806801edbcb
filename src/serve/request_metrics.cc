// RequestMetrics: names and labels of the per-request series.
#include "serve/request_metrics.h"

namespace slipway {

RequestMetrics::RequestMetrics(ServerMetrics& metrics, std::string model, std::string version, std::string endpoint)
    : metrics_(metrics),
      labels_({{"model_name", std::move(model)}, {"version", std::move(version)}, {"endpoint", std::move(endpoint)}}),
      total_(
          metrics.seconds("slipway_request_duration_seconds", "From the request read to the answer ready.", labels_)),
      queue_(metrics.seconds("slipway_queue_duration_seconds", "Waiting for a run of the engine.", labels_)),
      compute_(
          metrics.seconds("slipway_compute_duration_seconds", "The run of the engine, of the whole batch.", labels_)),
      rows_(metrics.counter("slipway_request_rows_total", "Rows (examples) answered.", labels_)) {}

Counter& RequestMetrics::count_of(Code code) {
  std::atomic<Counter*>& slot = by_code_[static_cast<size_t>(code)];
  if (Counter* counter = slot.load(std::memory_order_acquire)) return *counter;
  std::lock_guard lock(mutex_);
  if (Counter* counter = slot.load(std::memory_order_relaxed)) return *counter;
  Labels labels = labels_;
  labels.emplace_back("status", std::string(code_name(code)));
  counters_.push_back(metrics_.counter("slipway_requests_total", "Requests answered.", labels));
  slot.store(counters_.back().get(), std::memory_order_release);
  return *counters_.back();
}

void RequestMetrics::record(Code code, int64_t rows, int64_t total_ns, const RunTimes& times) {
  count_of(code).add();
  total_->observe(static_cast<uint64_t>(total_ns));
  if (code != Code::ok) return;
  queue_->observe(static_cast<uint64_t>(times.queue_ns));
  compute_->observe(static_cast<uint64_t>(times.compute_ns));
  rows_->add(static_cast<uint64_t>(rows));
}

RequestMetrics& RequestMetricsSet::at(size_t endpoint_id, const char* endpoint) {
  CHECK(endpoint_id < by_endpoint_.size(), "more endpoints than there is room for");
  std::atomic<RequestMetrics*>& slot = by_endpoint_[endpoint_id];
  if (RequestMetrics* metrics = slot.load(std::memory_order_acquire)) return *metrics;
  std::lock_guard lock(mutex_);
  if (RequestMetrics* metrics = slot.load(std::memory_order_relaxed)) return *metrics;
  owned_.push_back(std::make_unique<RequestMetrics>(metrics_, model_, version_, endpoint));
  slot.store(owned_.back().get(), std::memory_order_release);
  return *owned_.back();
}

}  // namespace slipway
