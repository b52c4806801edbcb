// Content codings (RFC 9110, 8.4): gzip and deflate, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/http/body.h"

namespace slipway::http {

enum class Coding { identity, gzip, deflate };

// As headers spell it: "gzip".
std::string_view coding_name(Coding coding);

// What a Content-Encoding header says; nullopt for a coding, or a chain of codings, that is not known here.
std::optional<Coding> content_coding(std::string_view header);

// The coding that an Accept-Encoding header likes best; identity where it names none that is known here.
Coding accepted_coding(std::string_view header);

// Appends what `bytes` unpack to. invalid_argument: damaged or cut off; resource_exhausted: more than `limit` bytes, of
// which no more were unpacked; unavailable: the budget of `out` has no room. "deflate" is zlib's format (RFC 1950), or
// raw (RFC 1951) as some clients send it.
Status decode(Coding coding, std::string_view bytes, uint64_t limit, Body& out);

// Fast rather than small. Requires: coding is not identity.
std::string encode(Coding coding, std::string_view bytes);

}  // namespace slipway::http
