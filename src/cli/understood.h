// Understood: how data was understood, printed before training.
#pragma once

#include <string>

#include "base/json.h"

namespace slipway {

// Lines that end in '\n': what the data is, a table's columns, the target, the split, skipped files, notes.
// `understood`: data/understanding.h.
std::string understood_text(const Json& understood);

}  // namespace slipway
