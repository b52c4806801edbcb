// RequestMetrics: what is counted of the requests to one model version through one endpoint.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/metrics.h"
#include "serve/request.h"

namespace slipway {

// Thread-safe. Recording takes no lock except for the first request of a status.
class RequestMetrics {
 public:
  RequestMetrics(ServerMetrics& metrics, std::string model, std::string version, std::string endpoint);
  void record(Code code, int64_t rows, int64_t total_ns, const RunTimes& times);

 private:
  static constexpr size_t kCodes = 17;
  Counter& count_of(Code code);

  ServerMetrics& metrics_;
  const Labels labels_;
  std::shared_ptr<MetricHistogram> total_;
  std::shared_ptr<MetricHistogram> queue_;
  std::shared_ptr<MetricHistogram> compute_;
  std::shared_ptr<Counter> rows_;
  std::array<std::atomic<Counter*>, kCodes> by_code_{};
  std::mutex mutex_;
  std::vector<std::shared_ptr<Counter>> counters_;  // owns by_code_
};

// The RequestMetrics of every endpoint for one model version. Thread-safe, like them.
class RequestMetricsSet {
 public:
  RequestMetricsSet(ServerMetrics& metrics, std::string model, std::string version)
      : metrics_(metrics), model_(std::move(model)), version_(std::move(version)) {}
  // Made at first use. Requires: endpoint_id < 32, and one name per id.
  RequestMetrics& at(size_t endpoint_id, const char* endpoint);

 private:
  ServerMetrics& metrics_;
  const std::string model_;
  const std::string version_;
  std::array<std::atomic<RequestMetrics*>, 32> by_endpoint_{};
  std::mutex mutex_;
  std::vector<std::unique_ptr<RequestMetrics>> owned_;
};

}  // namespace slipway
