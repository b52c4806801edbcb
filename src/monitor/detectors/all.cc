// The list of cards, written by the build from the files in this folder.
#include "monitor/detectors/all.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway {

#define CARD(id) extern const Detector detector_##id;
#include "monitor/detectors/cards.inc"
#undef CARD

std::span<const Detector* const> all_detectors() {
  static const Detector* const cards[] = {
#define CARD(id) &detector_##id,
#include "monitor/detectors/cards.inc"
#undef CARD
  };
  return cards;
}

const Detector* find_detector(std::string_view name) {
  for (const Detector* d : all_detectors()) {
    if (d->name == name) return d;
  }
  return nullptr;
}

Status check_parameters(const Parameters& overrides) {
  std::string known;
  std::map<std::string, bool> names;
  for (const Detector* d : all_detectors()) {
    for (const Parameter& p : d->parameters) {
      if (p.name == nullptr) continue;
      names[fmt::format("{}.{}", d->name, p.name)] = true;
    }
  }
  for (const auto& [name, value] : overrides) {
    if (names.contains(name)) continue;
    for (const auto& [other, _] : names) known += (known.empty() ? "" : ", ") + other;
    return invalid(fmt::format("detector parameter \"{}\" is not known; there are {}", name, known));
  }
  return {};
}

}  // namespace slipway
