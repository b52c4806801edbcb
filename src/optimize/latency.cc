// Pairs of runs.
#include "optimize/latency.h"

#include <algorithm>

#include "runtime/session.h"

namespace slipway {

namespace {

constexpr int64_t kWarmRuns = 5;
constexpr int64_t kLeastPairs = 7;
constexpr int64_t kMostNs = 1'000'000'000;
constexpr double kSlowerBy = 1.2;
constexpr double kSurelySlowerBy = 1.1;
constexpr double kMattersUs = 20;

// The element of which `share` of all are less.
template <typename T>
T quantile(std::vector<T> values, double share) {
  auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size()));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

PairedLatency paired_latency(std::span<const int64_t> before, std::span<const int64_t> after) {
  std::vector<double> ratios;
  for (size_t i = 0; i < before.size(); ++i) {
    ratios.push_back(static_cast<double>(after[i]) / static_cast<double>(std::max<int64_t>(1, before[i])));
  }
  const auto median_us = [](std::span<const int64_t> ns) {
    return static_cast<double>(quantile<int64_t>({ns.begin(), ns.end()}, 0.5)) / 1000;
  };
  return {median_us(before), median_us(after), quantile(std::move(ratios), 0.2)};
}

Result<PairedLatency> measure_latency(const Graph& before, const Graph& after, const std::vector<Tensor>& inputs,
                                      int64_t pairs, const Clock& clock) {
  std::unique_ptr<Session> sessions[2];
  sessions[0] = TRY(Session::create(before, {.threads = 1}));
  sessions[1] = TRY(Session::create(after, {.threads = 1}));
  std::vector<Tensor> outputs[2];
  std::vector<int64_t> times[2];
  const int64_t start = clock.steady_ns();
  for (int64_t pair = -kWarmRuns; pair < pairs; ++pair) {
    if (pair >= kLeastPairs && clock.steady_ns() - start > kMostNs) break;
    for (size_t side : {size_t{0}, size_t{1}}) {
      const int64_t begin = clock.steady_ns();
      RETURN_IF_ERROR(sessions[side]->run_into(inputs, outputs[side]));
      if (pair >= 0) times[side].push_back(clock.steady_ns() - begin);
    }
  }
  if (times[0].empty()) return PairedLatency{};
  return paired_latency(times[0], times[1]);
}

bool clearly_slower(const PairedLatency& latency) {
  return latency.after_us > kSlowerBy * latency.before_us && latency.after_us - latency.before_us > kMattersUs &&
         latency.sure_ratio > kSurelySlowerBy;
}

}  // namespace slipway
