// What the cards of raw data (domain slipway.data) share.
#pragma once

#include "ops/infer.h"

namespace slipway::ops {

// formats/preparation.h calls it kDataDomain.
inline constexpr const char* kData = "slipway.data";
inline constexpr TfliteRule kNoRawData = {nullptr, "TFLite takes tensors; a file of it is written without preparation"};

// The begin of a text for a message, in printable characters.
std::string excerpt(const std::string& text);

}  // namespace slipway::ops
