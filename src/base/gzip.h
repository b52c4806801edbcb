// Gzip (RFC 1952): whole files in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway {

bool is_gzip(std::string_view bytes);

// The contents, of all members. Errors name `where` and the offset; resource_exhausted above `limit` bytes.
Result<std::string> gunzip(std::string_view bytes, std::string_view where, uint64_t limit = uint64_t{4} << 30);

std::string gzip(std::string_view bytes);

}  // namespace slipway
