// UTF-8 (RFC 3629): reading code points, finding and mending what is none.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

// Bytes of the code point that `text` begins with; 0 when it begins with none (overlong forms, surrogates, values above
// U+10FFFF and cut-off sequences are none). Requires: text is not empty.
size_t utf8_length(std::string_view text);

// Offset of the first byte that belongs to no code point; nullopt when all do.
std::optional<size_t> invalid_utf8(std::string_view text);

// `text` with U+FFFD for every byte that belongs to no code point.
std::string repaired_utf8(std::string_view text);

// `text` in one line for people: control characters and bytes that are no UTF-8 as escapes (\n, \x1b), so that
// names from foreign files can neither forge a line of a log nor steer a terminal. `lines`: line feeds are kept.
std::string printable(std::string_view text, bool lines = false);

}  // namespace slipway
