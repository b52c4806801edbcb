// Keys by kind, as the cards of the kinds have them.
#include "train/data_keys.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/kinds/data_kind_card.h"

namespace slipway::train {

namespace {

constexpr std::string_view kOfEveryKind[] = {"kind", "path", "validation_split"};

bool takes(const DataKindCard& card, std::string_view key) {
  return std::ranges::any_of(card.keys, [&](const char* each) { return each != nullptr && key == each; });
}

}  // namespace

Status check_data_keys(std::string_view kind, const std::vector<DataKey>& keys, std::string_view where) {
  const DataKindCard* mine = all_data_kinds().find(kind);
  if (mine == nullptr || mine->keys[0] == nullptr) return {};
  for (const DataKey& key : keys) {
    if (std::ranges::find(kOfEveryKind, key.name) != std::end(kOfEveryKind) || takes(*mine, key.name)) continue;
    std::vector<std::string> kinds;
    for (const DataKindCard* other : all_data_kinds()) {
      if (takes(*other, key.name)) kinds.emplace_back(other->name);
    }
    return invalid(fmt::format("{}:{}: data.{}: data of kind \"{}\" has no such key; it belongs to {}", where, key.line,
                               key.name, kind, fmt::join(kinds, ", ")));
  }
  return {};
}

}  // namespace slipway::train
