// Every remedy card of the program.
#pragma once

#include <span>

#include "repair/remedy.h"

namespace slipway {

// By file name. Frozen, thread-safe.
std::span<const Remedy* const> all_remedies();

// nullptr when there is none.
const Remedy* find_remedy(std::string_view name);

}  // namespace slipway
