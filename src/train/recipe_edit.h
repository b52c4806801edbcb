// Recipe edits: keys of a recipe's text set to other values, everything else (comments, order, layout) left as it is.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"

namespace slipway::train {

// One key with its new value.
struct Setting {
  std::string key;    // "train.optimizer.learning_rate", "model.layers[0].units", "data.columns.\"my column\""
  std::string value;  // TOML: 0.01, true, [3, 3], { type = "sgd" }, "text"; a bare word stands for a text
};

// From "KEY=VALUE".
Result<Setting> parse_setting(const std::string& text);

// A text as TOML spells it.
std::string toml_quoted(const std::string& text);

// `text` with one key set. Tables on the way are made where they are missing; where a word stands for a table
// (optimizer = "adam"), it becomes its `type`. "model.layers[i]" also names an element of [[layers]]. An error says
// what is in the way: an index that no element has, a key behind a number. Requires: `text` is TOML.
Result<std::string> with_setting(const std::string& text, const Setting& setting);

// `text` with every path that is meant from `folder` made absolute, so that it means the same wherever it lies.
Result<std::string> with_absolute_paths(const std::string& text, const std::filesystem::path& folder);

// Every value of a recipe by its key, as TOML spells it: {"train.epochs", "5"}, {"layers[0].units", "10"}. A word that
// stands for a table is its type: {"train.optimizer.type", "\"adam\""}.
Result<std::map<std::string, std::string>> recipe_values(const std::string& text);

// `status`, which parsing the edited text gave, said of the setting that it speaks of; of none: as it is.
Status at_setting(const std::vector<Setting>& settings, const Status& status);

}  // namespace slipway::train
