// Reading of callbacks that monitor a number of the epochs.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "train/recipe.h"
#include "train/recipe_section.h"

namespace slipway::train {

// An error unless `monitor` is a number that the recipe's run measures.
void check_monitor(Section& section, const std::string& monitor, const Recipe& recipe);

// The table under `key`. T has a member `monitor`.
template <typename T>
Status read_monitored(Section& callbacks, const char* key, std::span<const Field<T>> fields, const Recipe& recipe,
                      std::optional<T>& to) {
  Section section = callbacks.table(key);
  to.emplace();
  section.read_fields(*to, fields);
  check_monitor(section, to->monitor, recipe);
  return section.finish();
}

}  // namespace slipway::train
