// Dates as numbers.
#pragma once

#include <optional>
#include <string_view>

namespace slipway {

// Days since 1970-01-01 of YYYY-MM-DD, also with a time behind "T" or a blank (HH:MM or HH:MM:SS); nullopt for anything
// else.
std::optional<double> parse_date(std::string_view cell);

}  // namespace slipway
