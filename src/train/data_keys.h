// Data keys: which keys of [data] belong to which kind of data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway::train {

// A key of [data] and its line.
struct DataKey {
  std::string name;
  int64_t line = 0;
};

// An error, with the line and the kinds that it belongs to, for the first key that data of this kind does not read.
// `where`: the recipe.
Status check_data_keys(std::string_view kind, const std::vector<DataKey>& keys, std::string_view where);

}  // namespace slipway::train
