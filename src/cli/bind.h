// NAME=SIZE: sizes that a command line gives to named dimensions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"

namespace slipway {

// {"batch=8"} as {{"batch", 8}}. invalid_argument for anything else, naming the word.
Result<std::map<std::string, int64_t>> parse_bindings(const std::vector<std::string>& words);

}  // namespace slipway
