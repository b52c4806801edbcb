// What the end-to-end benchmarks share: their command lines, medians, errors that end the program, and the peers'
// scripts beside our times.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "base/status.h"

namespace slipway {

using SteadyClock = std::chrono::steady_clock;

// A benchmark's command line: flags and values are taken out, what is left names what to run.
class CommandLine {
 public:
  CommandLine(int argc, char** argv) : words_(argv + 1, argv + argc) {}

  bool take_flag(std::string_view flag) { return std::erase(words_, flag) > 0; }

  // The word behind `option`; empty where it is not given.
  std::string take_value(std::string_view option) {
    auto at = std::find(words_.begin(), words_.end(), option);
    if (at == words_.end() || at + 1 == words_.end()) return {};
    std::string value = std::move(at[1]);
    words_.erase(at, at + 2);
    return value;
  }

  const std::vector<std::string>& names() const { return words_; }

 private:
  std::vector<std::string> words_;
};

// No names: everything is.
inline bool is_named(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

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

struct Timed {
  double us;  // the median
  int runs;
};

// f(), as often as fits into `seconds`: 5 to 2000 times.
template <typename F>
Timed time_for(double seconds, F&& f) {
  const int runs = std::clamp(static_cast<int>(seconds * 1e6 / median_us(3, f)), 5, 2000);
  return {median_us(runs, f), runs};
}

inline void must(const Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "bench: {}\n", status.to_string());
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) must(result.status());
  return std::move(result).value();
}

// The object with a median_us that a measurement in a process of its own prints; nothing when it cannot run.
inline std::optional<Json> measured_by(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  char buffer[4096];
  while (size_t n = std::fread(buffer, 1, sizeof(buffer), pipe)) text.append(buffer, n);
  ::pclose(pipe);
  Result<Json> json = Json::parse(text);
  if (!json.ok() || !(*json)["median_us"].is_number()) return std::nullopt;
  return std::move(json).value();
}

// The median that a peer's script prints; nothing when it cannot run.
inline std::optional<double> peer_us(const std::string& command) {
  std::optional<Json> json = measured_by(command + " 2>/dev/null");
  if (!json) return std::nullopt;
  return (*json)["median_us"].as_double();
}

// "     91.5    1.54 x": the peer's time and how many of ours it is.
inline std::string beside(double own, std::optional<double> peer) {
  return peer ? fmt::format("{:9.1f} {:7.2f} x", *peer, *peer / own) : "        -         -";
}

}  // namespace slipway
