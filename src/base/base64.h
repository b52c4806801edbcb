// Base64 (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway {

// With padding.
std::string base64_encode(std::string_view bytes);
// nullopt when `text` is not base64; missing padding is accepted.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace slipway
