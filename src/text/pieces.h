// Pieces: a text cut where words, punctuation and blanks meet, so that joining the pieces gives the text back.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace slipway {

// No piece is longer, so that what is done to one is bounded.
constexpr size_t kLongestPiece = 64;

// Runs of letters, digits, '_' and bytes of other scripts; runs of punctuation, each with the one space before it; runs
// of blanks. Longer runs are cut between code points.
std::vector<std::string_view> pieces(std::string_view text);

}  // namespace slipway
