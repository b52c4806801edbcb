// The list of cards, written by the build from the files in this folder.
#include "monitor/detectors/all.h"

#include <set>

#include <fmt/format.h>

#include "base/card_list.h"
#include "base/cards.h"
#include "base/nearest.h"
#include "monitor/detectors/cards.inc"

namespace slipway {

DECLARE_CARDS(Detector, detector_)

namespace {

const Cards<Detector>& detectors() {
  static const Cards<Detector> cards("detector", CARD_LIST(Detector, detector_));
  return cards;
}

}  // namespace

std::span<const Detector* const> all_detectors() { return detectors().all(); }

const Detector* find_detector(std::string_view name) { return detectors().find(name); }

Status check_parameters(const Parameters& overrides) {
  std::set<std::string> names;
  for (const Detector* d : all_detectors()) {
    for (const Parameter& p : d->parameters) {
      if (p.name == nullptr) continue;
      names.insert(fmt::format("{}.{}", d->name, p.name));
    }
  }
  for (const auto& [name, value] : overrides) {
    if (names.contains(name)) continue;
    const std::vector<std::string> known(names.begin(), names.end());
    return invalid(
        fmt::format("detector parameter \"{}\" is not known{}", name, did_you_mean(name, known, "there are")));
  }
  return {};
}

}  // namespace slipway
