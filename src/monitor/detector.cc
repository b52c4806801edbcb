// Parameters and severities.
#include "monitor/detector.h"

#include <fmt/format.h>

namespace slipway {

namespace {
constexpr std::string_view kSeverities[] = {"info", "warning", "critical"};
}

std::string_view severity_name(Severity severity) { return kSeverities[static_cast<size_t>(severity)]; }

Severity severity_of(std::string_view name) {
  for (size_t i = 0; i < 3; ++i) {
    if (kSeverities[i] == name) return static_cast<Severity>(i);
  }
  return Severity::info;
}

const Json* View::evidence(std::string_view detector, std::string_view subject) const {
  auto it = open.find(Symptom{std::string(detector), std::string(subject)});
  return it == open.end() ? nullptr : &it->second;
}

double parameter(const Detector& detector, std::string_view name, const Parameters& overrides) {
  if (!overrides.empty()) {
    auto it = overrides.find(fmt::format("{}.{}", detector.name, name));
    if (it != overrides.end()) return it->second;
  }
  for (const Parameter& p : detector.parameters) {
    if (p.name != nullptr && p.name == name) return p.value;
  }
  CHECK(false, "a detector reads a parameter that its card does not have");
  return 0;
}

}  // namespace slipway
