// Character sets: the text of a file as UTF-8, whatever it was written in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway {

// What `encoding` may say: "auto" (UTF-8, or UTF-16 where the file begins with its mark), "utf-8", "latin-1"
// (ISO 8859-1), "windows-1252" (as Excel writes in the west), "utf-16" (little endian without a mark), in any case.
std::vector<std::string> charset_names();

// `bytes` as UTF-8 without a mark. Errors name `where`: an unknown encoding, with the nearest known one; and the line
// and byte that are none of this encoding, with the encoding that they look like.
Result<std::string> to_utf8(std::string_view bytes, std::string_view encoding, std::string_view where);

}  // namespace slipway
