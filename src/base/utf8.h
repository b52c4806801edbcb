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

}  // namespace slipway
