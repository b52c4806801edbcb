// What the end-to-end benchmarks share: medians, errors that end the program, and the peers' scripts beside our times.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "base/status.h"

namespace slipway {

using SteadyClock = std::chrono::steady_clock;

// Microseconds of one f(): the median of `runs`, after a tenth of them to warm up.
template <typename F>
double median_us(int runs, F&& f) {
  for (int i = 0; i < runs / 10; ++i) f();
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    SteadyClock::time_point begin = SteadyClock::now();
    f();
    times.push_back(std::chrono::duration<double, std::micro>(SteadyClock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + runs / 2, times.end());
  return times[static_cast<size_t>(runs / 2)];
}

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "bench: {}\n", result.status().to_string());
    std::exit(1);
  }
  return std::move(result).value();
}

// The median that a peer's script prints as JSON; nothing when it cannot run.
inline std::optional<double> peer_us(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  std::string text;
  char buffer[4096];
  while (size_t n = std::fread(buffer, 1, sizeof(buffer), pipe)) text.append(buffer, n);
  ::pclose(pipe);
  Result<Json> json = Json::parse(text);
  if (!json.ok() || !(*json)["median_us"].is_number()) return std::nullopt;
  return (*json)["median_us"].as_double();
}

// "     91.5    1.54 x": the peer's time and how many of ours it is.
inline std::string beside(double own, std::optional<double> peer) {
  return peer ? fmt::format("{:9.1f} {:7.2f} x", *peer, *peer / own) : "        -         -";
}

}  // namespace slipway
