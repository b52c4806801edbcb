// Dates as numbers.
#pragma once

#include <optional>
#include <string_view>

namespace slipway {

// Days since 1970-01-01 of YYYY-MM-DD, also with a time behind "T" or a blank (HH:MM, HH:MM:SS or HH:MM:SS.SSS) and
// its offset from Greenwich (Z, +02:00, -0530), which is taken off; nullopt for anything else (ISO 8601, RFC 3339).
std::optional<double> parse_date(std::string_view cell);

}  // namespace slipway
